-- How many rows of run $1 were decided under idempotency key $2 before.
SELECT (body ->> 'decided')::bigint FROM headgate.request WHERE key = $2::text AND run = $1::bigint AND kind = 'review'
