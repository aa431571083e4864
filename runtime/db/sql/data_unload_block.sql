-- The block where the undo of import $2 of run $1 goes on.
SELECT coalesce((last[1])::bigint, 0) FROM headgate.cursor WHERE run = $1::bigint AND step = $2::text AND range = -1
