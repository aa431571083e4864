-- Run $1, of this transaction, was started by $2 under idempotency key $3; there is nothing to do for a runner. No row comes back
-- when another run was.
INSERT INTO headgate.request (run, kind, asked_by, key, handled_at, outcome)
VALUES ($1::bigint, 'start', $2::text, $3::text, pg_catalog.clock_timestamp(), 'started')
ON CONFLICT (key) DO NOTHING
RETURNING 1
