-- Ends the lease of run $1 at epoch $2 now.
UPDATE headgate.lease SET until = pg_catalog.clock_timestamp(), owner = NULL
WHERE run = $1::bigint AND epoch = $2::bigint
