-- An index named $4 in the schema of table $2 (of schema $1, which may be NULL); when $2 is NULL, the index $4 of schema
-- $3 (may be NULL). One row: the table's oid and quoted name, the index's oid and quoted name, whether it is an index
-- of that table, whether it is valid, its definition without names, and the process that is building it.
WITH named AS (
    SELECT pg_catalog.to_regclass(coalesce(pg_catalog.quote_ident($1::text) || '.', '')
                                  || pg_catalog.quote_ident($2::text))::oid AS relation,
           pg_catalog.to_regclass(coalesce(pg_catalog.quote_ident($3::text) || '.', '')
                                  || pg_catalog.quote_ident($4::text))::oid AS own
), found AS (
    SELECT n.relation,
           CASE WHEN $2::text IS NULL THEN n.own
                ELSE (SELECT c.oid FROM pg_catalog.pg_class AS t
                        JOIN pg_catalog.pg_class AS c ON c.relnamespace = t.relnamespace
                       WHERE t.oid = n.relation AND c.relname = $4::text::name) END AS own
    FROM named AS n
)
SELECT t.oid AS relation_oid,
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) AS relation,
       c.oid AS index_oid,
       pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS index,
       coalesce(i.indrelid = t.oid, false) AS on_relation,
       coalesce(i.indisvalid AND i.indisready AND i.indislive, false) AS valid,
       CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END
       || substr(pg_catalog.pg_get_indexdef(c.oid),
                 length('CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX '
                        || pg_catalog.quote_ident(c.relname) || ' ON '
                        || CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END
                        || pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) || ' ') + 1)
           AS definition,
       (SELECT min(p.pid) FROM pg_catalog.pg_stat_progress_create_index AS p
         WHERE p.index_relid = c.oid AND p.datname = pg_catalog.current_database()) AS builder
FROM found AS f
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = f.own
LEFT JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
LEFT JOIN pg_catalog.pg_class AS t ON t.oid = coalesce(f.relation, i.indrelid)
LEFT JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
