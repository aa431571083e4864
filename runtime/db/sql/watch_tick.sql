-- Moves the clock of stage $2 of run $1 if epoch $5 still has the lease; the time since the last tick counts when $3, up to $4 us.
UPDATE headgate.watch AS w
SET counted_us = counted_us + CASE WHEN $3::boolean THEN
        least($4::bigint, (extract(epoch FROM pg_catalog.clock_timestamp() - counted_at) * 1000000)::bigint) ELSE 0 END,
    counted_at = pg_catalog.clock_timestamp()
FROM headgate.lease AS l
WHERE w.run = $1::bigint AND w.stage = $2::text AND l.run = w.run AND l.epoch = $5::bigint
RETURNING window_us, counted_us, closed_at IS NOT NULL
