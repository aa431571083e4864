-- Moves the clock of stage $2 of run $1; the time since the last tick counts when $3, up to $4 us.
UPDATE headgate.watch
SET counted_us = counted_us + CASE WHEN $3::boolean THEN
        least($4::bigint, (extract(epoch FROM pg_catalog.clock_timestamp() - counted_at) * 1000000)::bigint) ELSE 0 END,
    counted_at = pg_catalog.clock_timestamp()
WHERE run = $1::bigint AND stage = $2::text
RETURNING window_us, counted_us
