-- What the running transaction has put into the catalog: kind, the statement that drops it, and for functions whether it replaced
-- one of those in $1 (oids from before).
SELECT 'trigger' AS kind,
       pg_catalog.format('DROP TRIGGER %I ON %s', t.tgname, (pg_catalog.pg_identify_object('pg_class'::regclass, t.tgrelid, 0)).identity) AS undo, false AS replaced,
       t.tgname::text AS name, 0 AS rank, t.oid::bigint AS made
FROM pg_catalog.pg_trigger AS t
WHERE t.xmin = pg_catalog.pg_current_xact_id()::xid AND NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
SELECT 'function', pg_catalog.format('DROP FUNCTION %s', (pg_catalog.pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity),
       p.oid::bigint = ANY ($1::bigint[]), (pg_catalog.pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity, 1, p.oid::bigint
FROM pg_catalog.pg_proc AS p WHERE p.xmin = pg_catalog.pg_current_xact_id()::xid
UNION ALL
SELECT 'relation', NULL, false, (pg_catalog.pg_identify_object('pg_class'::regclass, c.oid, 0)).identity, 2, c.oid::bigint
FROM pg_catalog.pg_class AS c
WHERE c.xmin = pg_catalog.pg_current_xact_id()::xid AND c.oid <> ALL ($2::bigint[]) AND c.relnamespace <> 'pg_toast'::regnamespace
ORDER BY 5, 6 DESC
