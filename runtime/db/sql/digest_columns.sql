-- Table $1, found through the search_path and then in public: one row a column, none when there is no such table.
-- plain: values that are equal look the same, so the type's own hash is sound; all else is hashed in its text form. bytes: the function
-- that gives a plain value as bytea, for types of 64 bits: their own hash folds these to 32, and -1 is 4294967295.
-- key: the place of the column in the primary key, or else in a unique index that rows can be walked along (NULL = not in it).
WITH named AS (
    SELECT coalesce(pg_catalog.to_regclass($1::text),
                    CASE WHEN pg_catalog.strpos($1::text, '.') = 0
                         THEN pg_catalog.to_regclass('public.' || $1::text) END) AS oid
), chosen AS (
    SELECT (i.indkey::int2[])[0:i.indnkeyatts - 1] AS columns
    FROM named AS t JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
    WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                      WHERE a.attrelid = t.oid AND NOT a.attnotnull
                        AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
      AND NOT EXISTS (SELECT FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k -- as in data_keys.sql
                      JOIN pg_catalog.pg_opclass AS o ON o.oid = i.indclass[k]
                      JOIN pg_catalog.pg_amop AS p ON p.amopfamily = o.opcfamily AND p.amopstrategy = 5
                                                  AND p.amoplefttype = o.opcintype AND p.amoprighttype = o.opcintype
                      WHERE NOT pg_catalog.pg_operator_is_visible(p.amopopr))
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
       greatest(c.reltuples, 0)::bigint AS rows_estimate, c.oid,
       CASE WHEN t.typname IN ('int8', 'timestamp', 'timestamptz') AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
            THEN 'pg_catalog.' || t.typsend::text END AS bytes,
       a.attnotnull AS not_null
FROM named AS d
JOIN pg_catalog.pg_class AS c ON c.oid = d.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
ORDER BY a.attnum
