-- Closes gate $2 of run $1 as $3.
UPDATE headgate.gate SET state = $3::text, closed_at = pg_catalog.clock_timestamp()
WHERE run = $1::bigint AND path = $2::text
