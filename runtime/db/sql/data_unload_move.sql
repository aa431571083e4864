-- The undo of import $2 of run $1 goes on at block $3; $4 rows were deleted.
UPDATE headgate.cursor SET last = ARRAY[$3::bigint::text], rows_changed = rows_changed + $4::bigint, batches = batches + 1,
       updated_at = pg_catalog.clock_timestamp()
WHERE run = $1::bigint AND step = $2::text AND range = -1
