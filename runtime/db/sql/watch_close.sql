-- The window of stage $2 of run $1 has ended, if epoch $3 still has the lease.
UPDATE headgate.watch AS w SET closed_at = pg_catalog.clock_timestamp()
FROM headgate.lease AS l
WHERE w.run = $1::bigint AND w.stage = $2::text AND l.run = w.run AND l.epoch = $3::bigint
RETURNING 1
