-- The columns of table $1. type_oid is the type below a domain.
SELECT a.attname, pg_catalog.format_type(a.atttypid, -1), coalesce(nullif(t.typbasetype, 0), t.oid) AS type_oid,
       a.attnum, a.attnotnull, a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
       a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL AS has_default
FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
