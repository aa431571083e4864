-- Run $1 was started by $2 under idempotency key $3; there is nothing to do for a runner.
INSERT INTO headgate.request (run, kind, asked_by, key, handled_at, outcome)
VALUES ($1::bigint, 'start', $2::text, $3::text, pg_catalog.clock_timestamp(), 'started')
ON CONFLICT (key) DO NOTHING
