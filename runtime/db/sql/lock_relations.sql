-- Of the relations named $1 (text[]) with modes $2 (integer[], larger is stronger): what LOCK TABLE can lock, once each and in one
-- order. The table of an index stands for it; a view only where its rows are meant (mode 0): its own locks are the statement's.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), max(i.mode)
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::integer[])) AS i(name, mode)
JOIN pg_catalog.pg_class AS named ON named.oid = pg_catalog.to_regclass(i.name)
LEFT JOIN pg_catalog.pg_index AS x ON x.indexrelid = named.oid
JOIN pg_catalog.pg_class AS c ON c.oid = coalesce(x.indrelid, named.oid)
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE (c.relkind IN ('r', 'p') OR (c.relkind = 'v' AND i.mode = 0))
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
GROUP BY c.oid, n.nspname, c.relname
ORDER BY c.oid
