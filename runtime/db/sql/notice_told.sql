-- Webhook $2 of environment $1 knows run $3 up to event $4; run 0: it knows the heads of this hour.
UPDATE headgate.notice
SET seq = greatest(seq, $4::bigint), tries = 0, problem = NULL,
    next_at = pg_catalog.clock_timestamp() + CASE WHEN run = 0 THEN interval '1 hour' ELSE interval '0' END
WHERE environment = $1::text AND name = $2::text AND run = $3::bigint
