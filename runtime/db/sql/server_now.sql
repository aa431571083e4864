-- The database's clock.
SELECT headgate.rfc3339(pg_catalog.clock_timestamp())
