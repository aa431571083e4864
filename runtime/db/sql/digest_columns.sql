-- Table $1, found through the search_path and then in public: one row a column, none when there is no such table.
-- plain: values that are equal look the same, so the type's own hash is sound; all else is hashed in its text form.
-- key: the place of the column in the primary key, or else in a unique index that rows can be walked along (NULL = not in it).
WITH named AS (
    SELECT coalesce(pg_catalog.to_regclass($1::text),
                    CASE WHEN pg_catalog.strpos($1::text, '.') = 0
                         THEN pg_catalog.to_regclass('public.' || $1::text) END) AS oid
), chosen AS (
    SELECT i.indkey::int2[] AS columns
    FROM named AS t JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
    WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                      WHERE a.attrelid = t.oid AND NOT a.attnotnull
                        AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
    ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1
)
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS relation,
       a.attname, pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, NULL) AS type,
       t.typtype = 'b' AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
           AND (t.typname IN ('int2', 'int4', 'int8', 'bool', 'uuid', 'date', 'timestamp', 'timestamptz', 'bytea', 'oid')
                OR (t.typname IN ('text', 'varchar')
                    AND coalesce((SELECT l.collisdeterministic FROM pg_catalog.pg_collation AS l WHERE l.oid = a.attcollation), true)))
           AS plain,
       (SELECT pg_catalog.array_position(k.columns, a.attnum) - pg_catalog.array_lower(k.columns, 1) FROM chosen AS k) AS key,
       greatest(c.reltuples, 0)::bigint AS rows_estimate, c.oid
FROM named AS d
JOIN pg_catalog.pg_class AS c ON c.oid = d.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
ORDER BY a.attnum
