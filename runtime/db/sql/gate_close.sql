-- Closes gate $2 of run $1 as $3 if epoch $4 still has the lease.
UPDATE headgate.gate AS g SET state = $3::text, closed_at = pg_catalog.clock_timestamp()
FROM headgate.lease AS l
WHERE g.run = $1::bigint AND g.path = $2::text AND l.run = g.run AND l.epoch = $4::bigint
RETURNING 1
