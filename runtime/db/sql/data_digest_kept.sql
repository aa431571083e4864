-- How far comparison $3 of step $2 of run $1 has come, if it is the one of form $4.
SELECT cuts, done, found, headgate.rfc3339(begun_at) FROM headgate.digest
WHERE run = $1::bigint AND step = $2::text AND place = $3::integer AND form = $4::text
