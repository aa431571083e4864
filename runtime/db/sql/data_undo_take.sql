-- The next $3 old values of step $2 of run $1.
SELECT key, old, written FROM headgate.old_value WHERE run = $1::bigint AND step = $2::text ORDER BY key LIMIT $3::integer FOR UPDATE
