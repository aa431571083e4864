-- The run that was started under idempotency key $1.
SELECT run FROM headgate.request WHERE key = $1::text AND kind = 'start'
