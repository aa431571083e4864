-- Opens the window of stage $2 of run $1, $3 us long, if epoch $4 still has the lease; found again, its clock starts now. One that was closed
-- stays as it was.
INSERT INTO headgate.watch AS w (run, stage, window_us)
SELECT l.run, $2::text, $3::bigint FROM headgate.lease AS l WHERE l.run = $1::bigint AND l.epoch = $4::bigint
ON CONFLICT (run, stage) DO UPDATE SET counted_at = pg_catalog.clock_timestamp(),
    window_us = CASE WHEN w.closed_at IS NULL THEN excluded.window_us ELSE w.window_us END
RETURNING window_us, counted_us, closed_at IS NOT NULL
