-- The window of stage $2 of run $1 has ended.
UPDATE headgate.watch SET closed_at = pg_catalog.clock_timestamp() WHERE run = $1::bigint AND stage = $2::text
