-- The lease of a new run $1: free from the start.
INSERT INTO headgate.lease (run, epoch, until) VALUES ($1::bigint, 0, pg_catalog.now())
