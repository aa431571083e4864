-- Asks $2 of run $1: $3 body, $4 who, $5 idempotency key or NULL.
INSERT INTO headgate.request (run, kind, body, asked_by, key)
VALUES ($1::bigint, $2::text, coalesce($3::jsonb, '{}'), $4::text, $5::text)
ON CONFLICT (key) DO NOTHING
