-- Counts a batch of the undo of step $2 of run $1: $3 restored, $4 left as they are.
UPDATE headgate.cursor SET rows_changed = rows_changed + $3::bigint, rows_skipped = rows_skipped + $4::bigint,
       batches = batches + 1, updated_at = pg_catalog.clock_timestamp()
WHERE run = $1::bigint AND step = $2::text AND range = -1
