-- Objects of kinds $1 (text[]) and names $2 (text[]), as a plan writes them; names are found through the search_path.
-- One row each, in order: kind and name, whether it is there, and what is wrong with it (NULL = nothing).
WITH wanted AS (
    SELECT w.ord, w.kind, w.name,
           CASE WHEN w.kind = 'foreign_key' THEN w.name ~ '->' ELSE false END AS arrow,
           CASE WHEN w.kind IN ('column', 'trigger', 'constraint', 'schema', 'extension')
                  OR (w.kind = 'foreign_key' AND w.name !~ '->') OR (w.kind = 'function' AND w.name !~ '[(]')
                THEN pg_catalog.parse_ident(w.name) END AS parts
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) WITH ORDINALITY AS w(kind, name, ord)
), cut AS (
    -- what stands in a table or a schema: its own name, and the quoted name of what it stands in
    SELECT w.*, w.parts[pg_catalog.cardinality(w.parts)] AS leaf,
           nullif((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(p.part), '.' ORDER BY p.n)
                   FROM pg_catalog.unnest(w.parts) WITH ORDINALITY AS p(part, n)
                   WHERE p.n < pg_catalog.cardinality(w.parts)), '') AS owner
    FROM wanted AS w
)
SELECT c.kind, c.name, f.there, CASE WHEN f.there THEN f.problem END AS problem
FROM cut AS c
CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*) > 0 AS there, pg_catalog.min(o.problem) AS problem
    FROM (
        SELECT NULL::text AS problem FROM pg_catalog.pg_namespace AS n WHERE c.kind = 'schema' AND n.nspname = c.leaf
        UNION ALL
        SELECT NULL FROM pg_catalog.pg_extension AS e WHERE c.kind = 'extension' AND e.extname = c.leaf
        UNION ALL
        SELECT CASE WHEN i.indexrelid IS NULL OR (i.indisvalid AND i.indisready AND i.indislive) THEN NULL
                    WHEN NOT i.indisvalid THEN 'is not valid' ELSE 'is not ready' END
        FROM pg_catalog.pg_class AS r LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = r.oid
        WHERE r.oid = CASE WHEN c.kind IN ('table', 'view', 'sequence', 'index') THEN pg_catalog.to_regclass(c.name) END
          AND r.relkind = ANY (CASE c.kind WHEN 'table' THEN '{r,p,f}' WHEN 'view' THEN '{v,m}'
                                           WHEN 'sequence' THEN '{S}' ELSE '{i,I}' END::"char"[])
        UNION ALL
        SELECT NULL FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = CASE WHEN c.kind = 'column' THEN pg_catalog.to_regclass(c.owner) END
          AND a.attname = c.leaf AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT NULL FROM pg_catalog.pg_type AS t
        WHERE t.oid = CASE WHEN c.kind = 'enum' THEN pg_catalog.to_regtype(c.name) END AND t.typtype = 'e'
        UNION ALL
        SELECT NULL FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
        WHERE c.kind = 'function'
          AND CASE WHEN c.parts IS NULL THEN p.oid = pg_catalog.to_regprocedure(c.name)
                   WHEN c.owner IS NULL THEN p.proname = c.leaf AND pg_catalog.pg_function_is_visible(p.oid)
                   ELSE p.proname = c.leaf AND pg_catalog.quote_ident(n.nspname) = c.owner END
        UNION ALL
        SELECT CASE g.tgenabled WHEN 'D' THEN 'is disabled' END FROM pg_catalog.pg_trigger AS g
        WHERE g.tgrelid = CASE WHEN c.kind = 'trigger' THEN pg_catalog.to_regclass(c.owner) END
          AND g.tgname = c.leaf AND NOT g.tgisinternal
        UNION ALL
        SELECT CASE WHEN NOT k.convalidated THEN 'is not validated' END FROM pg_catalog.pg_constraint AS k
        WHERE k.conrelid = CASE WHEN c.kind = 'constraint' OR (c.kind = 'foreign_key' AND NOT c.arrow)
                                THEN pg_catalog.to_regclass(c.owner) END
          AND k.conname = c.leaf AND (c.kind = 'constraint' OR k.contype = 'f')
        UNION ALL
        -- "a.x, a.y -> b.x, b.y": a foreign key between exactly these columns
        SELECT CASE WHEN NOT k.convalidated THEN 'is not validated' END
        FROM (SELECT pg_catalog.array_agg(pg_catalog.parse_ident(a.one) ORDER BY a.n) AS names,
                     pg_catalog.array_agg(pg_catalog.parse_ident(b.one) ORDER BY a.n) AS refs
              FROM pg_catalog.regexp_split_to_table(pg_catalog.split_part(c.name, '->', 1), ',') WITH ORDINALITY AS a(one, n)
              FULL JOIN pg_catalog.regexp_split_to_table(pg_catalog.split_part(c.name, '->', 2), ',') WITH ORDINALITY AS b(one, n)
                     USING (n)
              WHERE c.arrow) AS w
        CROSS JOIN LATERAL (SELECT pg_catalog.array_length(w.names, 2) AS na, pg_catalog.array_length(w.refs, 2) AS nb) AS l
        JOIN pg_catalog.pg_constraint AS k
          ON k.contype = 'f'
         AND k.conrelid = pg_catalog.to_regclass((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(w.names[1][i]), '.' ORDER BY i)
                                                  FROM pg_catalog.generate_series(1, l.na - 1) AS i))
         AND k.confrelid = pg_catalog.to_regclass((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(w.refs[1][i]), '.' ORDER BY i)
                                                   FROM pg_catalog.generate_series(1, l.nb - 1) AS i))
        WHERE c.arrow
          AND (SELECT pg_catalog.array_agg(ARRAY[w.names[i][l.na], w.refs[i][l.nb]] ORDER BY w.names[i][l.na])
               FROM pg_catalog.generate_subscripts(w.names, 1) AS i)
            = (SELECT pg_catalog.array_agg(ARRAY[a.attname::text, b.attname::text] ORDER BY a.attname::text)
               FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) AS m(a, b)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = m.a
               JOIN pg_catalog.pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = m.b)
    ) AS o
) AS f
ORDER BY c.ord
