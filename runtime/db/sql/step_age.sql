-- How long ago node $2 of run $1 began, in microseconds, by the database's clock.
SELECT (extract(epoch FROM pg_catalog.clock_timestamp() - started_at) * 1000000)::bigint
FROM headgate.step WHERE run = $1::bigint AND path = $2::text
