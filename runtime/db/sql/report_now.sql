-- The database's clock in microseconds.
SELECT pg_catalog.json_build_object('now_us', (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint)
