-- Renews the lease of run $1 at epoch $2 for $3 ms.
UPDATE headgate.lease
SET until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => $3::double precision / 1000)
WHERE run = $1::bigint AND epoch = $2::bigint
RETURNING 1
