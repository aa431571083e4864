-- The watch of stage $2 of run $1 is ended before its window is over, if epoch $3 still has the lease: $4 says who asked, why and who
-- approved. Its event tells how long had been watched.
WITH ended AS (
    UPDATE headgate.watch AS w
    SET closed_at = pg_catalog.clock_timestamp(),
        advanced = $4::jsonb || pg_catalog.jsonb_build_object('counted_us', w.counted_us, 'window_us', w.window_us)
    FROM headgate.lease AS l
    WHERE w.run = $1::bigint AND w.stage = $2::text AND l.run = w.run AND l.epoch = $3::bigint AND w.closed_at IS NULL
    RETURNING w.run, l.epoch, w.advanced
)
SELECT headgate.event_append(run, epoch, 'rollout.advanced:' || $2::text, 1, 'rollout.advanced', $2::text, advanced) FROM ended
