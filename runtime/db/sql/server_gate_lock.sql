-- Locks gate $2 of run $1 until the transaction ends.
SELECT 1 FROM headgate.gate WHERE run = $1::bigint AND path = $2::text FOR UPDATE
