-- Begins another pass over all ranges of step $2 of run $1, from pass $3.
UPDATE headgate.cursor SET pass = pass + 1, last = NULL, done = false, owner = NULL
WHERE run = $1::bigint AND step = $2::text AND range >= 0 AND pass = $3::integer
