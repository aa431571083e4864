-- How many ms are left of $2 us since the newest stage of run $1 ended; NULL when none has.
SELECT greatest(0, ($2::bigint - extract(epoch FROM pg_catalog.clock_timestamp() - max(closed_at)) * 1000000) / 1000)::bigint
FROM headgate.watch WHERE run = $1::bigint AND closed_at IS NOT NULL
