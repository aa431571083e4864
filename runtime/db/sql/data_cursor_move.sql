-- Moves a cursor from $5 to $6 with a batch's counts, if it still stands where the batch began: compare and set.
UPDATE headgate.cursor
SET last = $6::text[], done = $7::boolean, batches = batches + 1, batch_rows = $8::integer,
    rows_changed = rows_changed + $9::bigint, rows_skipped = rows_skipped + $10::bigint,
    rows_queued = rows_queued + $11::bigint, rows_moved = rows_moved + $12::bigint,
    updated_at = pg_catalog.clock_timestamp()
WHERE run = $1::bigint AND step = $2::text AND range = $3::integer AND pass = $4::integer
  AND last IS NOT DISTINCT FROM $5::text[] AND NOT done
