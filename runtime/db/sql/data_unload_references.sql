-- Conditions "no row refers to it" for table $1 as hg_t, for each foreign key that points at it; and how many blocks
-- its largest part has, and whether its rows may refer to each other.
SELECT coalesce(pg_catalog.string_agg(
           pg_catalog.format(' AND NOT EXISTS (SELECT FROM %I.%I AS hg_r WHERE %s%s)', n.nspname, c.relname,
           k.matches, CASE WHEN f.conrelid = f.confrelid THEN ' AND hg_r.ctid <> hg_t.ctid' END), ''), ''),
       (SELECT pg_catalog.max(pg_catalog.pg_relation_size(p.oid) / pg_catalog.current_setting('block_size')::bigint)
        FROM (SELECT $1::oid AS oid UNION SELECT t.relid FROM pg_catalog.pg_partition_tree($1::oid) AS t WHERE t.isleaf) AS p),
       coalesce(pg_catalog.bool_or(f.conrelid = f.confrelid), false)
FROM pg_catalog.pg_constraint AS f
JOIN pg_catalog.pg_class AS c ON c.oid = f.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT pg_catalog.string_agg(pg_catalog.format('hg_r.%I = hg_t.%I', a.attname, b.attname), ' AND ' ORDER BY i.n) AS matches
    FROM ROWS FROM (pg_catalog.unnest(f.conkey), pg_catalog.unnest(f.confkey)) WITH ORDINALITY AS i(child, parent, n)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = i.child
    JOIN pg_catalog.pg_attribute AS b ON b.attrelid = f.confrelid AND b.attnum = i.parent) AS k
WHERE f.contype = 'f' AND f.confrelid = $1::oid AND f.conparentid = 0
