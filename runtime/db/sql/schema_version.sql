-- Is there a schema headgate, is it ours, may we use it?
SELECT n.oid IS NOT NULL AS there,
       pg_catalog.to_regclass('headgate.version') IS NOT NULL AS ours,
       pg_catalog.pg_get_userbyid(n.nspowner) AS owner,
       pg_catalog.pg_has_role(n.nspowner, 'MEMBER') AS member
FROM (VALUES (1)) AS one
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'headgate'
