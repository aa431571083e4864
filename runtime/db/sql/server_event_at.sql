-- When event $2 of run $1 happened, as viewers are told it.
SELECT headgate.rfc3339(at) FROM headgate.event WHERE run = $1::bigint AND seq = $2::bigint
