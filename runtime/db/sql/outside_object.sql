-- The oid of the $1 (database, tablespace, subscription) named $2; no row when there is none.
SELECT o.oid FROM (
    SELECT 'database' AS kind, d.oid, d.datname AS name FROM pg_catalog.pg_database AS d
    UNION ALL SELECT 'tablespace', t.oid, t.spcname FROM pg_catalog.pg_tablespace AS t
    UNION ALL SELECT 'subscription', s.oid, s.subname FROM pg_catalog.pg_subscription AS s
              WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                 WHERE d.datname = pg_catalog.current_database())
) AS o WHERE o.kind = $1::text AND o.name = $2::text::name
