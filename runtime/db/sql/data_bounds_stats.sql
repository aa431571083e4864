-- The histogram of column $2 of table $1: about a hundred values with as many rows between each two. NULL without statistics.
-- in_order: the rows lie in the column's order.
SELECT s.histogram_bounds::text, coalesce(pg_catalog.abs(s.correlation) > 0.9, false) AS in_order
FROM pg_catalog.pg_stats AS s JOIN pg_catalog.pg_class AS c ON c.relname = s.tablename
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
WHERE c.oid = $1::oid AND s.attname = $2::text AND s.inherited = (c.relkind = 'p')
