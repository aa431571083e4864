-- The names that scans of the index $1 have in a plan: its own, and those of its partitions. No row: there is no such index.
SELECT c.relname FROM pg_catalog.pg_class AS c
WHERE c.relkind IN ('i', 'I')
  AND (c.oid = pg_catalog.to_regclass($1::text)
       OR c.oid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1::text)) AS t))
