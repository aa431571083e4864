-- What the relations $1 (text[]) lose with their columns $2 (text[]; * = the whole table, ** = the relation is a schema with its
-- tables) when step $4 of run $3 is undone: per table its name, what of it goes, and parts of a query over it as t. Rows that
-- transactions of ours wrote last (headgate.wrote, of that column of that table, or * for whole rows) are left out; so are values a column began with.
WITH asked AS (
    SELECT i.name, i.col FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS i(name, col)
), tables AS (
    SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
           bool_or(a.col <> ALL ('{*,**}')) AND NOT bool_or(a.col = ANY ('{*,**}')) AS partly,
           pg_catalog.array_agg(a.col) AS cols
    FROM asked AS a
    JOIN pg_catalog.pg_class AS c
      ON c.oid = CASE WHEN a.col <> '**' THEN pg_catalog.to_regclass(a.name) END
      OR (a.col = '**' AND c.relnamespace = pg_catalog.to_regnamespace(a.name) AND NOT c.relispartition)
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
    GROUP BY c.oid, n.nspname, c.relname
), columns AS (
    SELECT t.oid, a.attname AS name, a.attnum AS number, NOT t.partly OR a.attname = ANY (t.cols) AS goes,
           (a.attmissingval::text::text[])[1] AS began,
           coalesce(a.attnum = ANY (k.indkey), false) AS in_key, k.indrelid IS NOT NULL AS has_key
    FROM tables AS t
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    LEFT JOIN pg_catalog.pg_index AS k ON k.indrelid = t.oid AND k.indisprimary
), ours AS (
    SELECT pg_catalog.format('SELECT w.xid::pg_catalog.xid FROM headgate.wrote AS w WHERE w.run = %L AND pg_catalog.pg_snapshot_xmax('
               'pg_catalog.pg_current_snapshot())::text::numeric - w.xid::text::numeric < 2000000000 AND (w.step = %L AND w.relation IS NULL',
               $3::text, $4::text) AS sql
)
SELECT t.name, NOT t.partly,
       pg_catalog.to_json(pg_catalog.array_agg(c.name ORDER BY c.number) FILTER (WHERE c.goes)),
       pg_catalog.string_agg(pg_catalog.format('(%L, t.%I::text)', c.name, c.name), ', ' ORDER BY c.number)
           FILTER (WHERE CASE WHEN c.has_key THEN c.in_key ELSE NOT c.goes END),
       pg_catalog.string_agg(pg_catalog.format('(%L, t.%I::text)', c.name, c.name), ', ' ORDER BY c.number) FILTER (WHERE c.goes),
       CASE WHEN t.partly THEN pg_catalog.string_agg(
           pg_catalog.format('(t.%1$I IS NOT NULL AND t.%1$I::text IS DISTINCT FROM %2$L AND t.xmin NOT IN (%3$s '
                             'OR w.relation = %4$s AND %5$L = ANY (w.columns))))',
                             c.name, c.began, (SELECT o.sql FROM ours AS o), t.oid, c.name), ' OR ') FILTER (WHERE c.goes)
       ELSE (SELECT pg_catalog.format('t.xmin NOT IN (%s OR w.relation = %s AND ''*'' = ANY (w.columns)))', o.sql, t.oid) FROM ours AS o) END
FROM tables AS t
JOIN columns AS c ON c.oid = t.oid
GROUP BY t.oid, t.name, t.partly
HAVING bool_or(c.goes)
ORDER BY t.oid
