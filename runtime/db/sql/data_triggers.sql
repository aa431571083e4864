-- The user triggers of table $1 (and its partitions) that fire on UPDATE in a normal session.
SELECT t.tgname, (t.tgtype & 2) <> 0 AS before, (t.tgtype & 1) <> 0 AS row,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
             WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr)) AS columns
FROM pg_catalog.pg_trigger AS t
WHERE (t.tgrelid = $1::oid OR t.tgrelid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree($1::oid) AS p))
  AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND (t.tgtype & 16) <> 0
ORDER BY t.tgname
