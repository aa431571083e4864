-- Request $3 of run $1 was handled, with outcome $4, if epoch $2 still has the lease.
UPDATE headgate.request AS r SET handled_at = pg_catalog.clock_timestamp(), outcome = $4::text
FROM headgate.lease AS l
WHERE r.id = $3::bigint AND r.run = $1::bigint AND l.run = r.run AND l.epoch = $2::bigint
RETURNING 1
