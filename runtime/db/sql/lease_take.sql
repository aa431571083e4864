-- Takes the lease of run $1 for owner $2, for $3 ms, when it is free, expired or ours.
UPDATE headgate.lease SET epoch = epoch + 1, owner = $2::text, stop = NULL,
       until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => $3::double precision / 1000)
WHERE run = $1::bigint AND (until <= pg_catalog.clock_timestamp() OR owner IS NULL OR owner = $2::text)
RETURNING epoch
