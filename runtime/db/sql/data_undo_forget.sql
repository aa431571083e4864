-- Step $2 of run $1 starts (again): an earlier undo of it no longer counts.
DELETE FROM headgate.cursor WHERE run = $1::bigint AND step = $2::text AND range = -1
