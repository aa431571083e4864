-- What REINDEX works on: $1 = index, table or many; $2 schema (may be NULL) and $3 name of the index or table.
-- One row: the oids of the valid indexes, and the INVALID ones that a REINDEX CONCURRENTLY left and nobody works on.
WITH named AS (
    SELECT pg_catalog.to_regclass(coalesce(pg_catalog.quote_ident($2::text) || '.', '')
                                  || pg_catalog.quote_ident($3::text))::oid AS oid
), tables AS (
    SELECT CASE $1::text WHEN 'index' THEN (SELECT i.indrelid FROM pg_catalog.pg_index AS i WHERE i.indexrelid = n.oid)
                         ELSE n.oid END AS oid
    FROM named AS n
), every AS (
    SELECT i.indexrelid AS oid, i.indisvalid AS valid, c.relname AS name,
           pg_catalog.format('%I.%I', s.nspname, c.relname) AS quoted
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
    WHERE $1::text = 'many'
       OR i.indrelid IN (SELECT t.oid FROM tables AS t)
       OR i.indrelid IN (SELECT r.reltoastrelid FROM pg_catalog.pg_class AS r JOIN tables AS t ON t.oid = r.oid)
)
SELECT pg_catalog.jsonb_build_object(
    'indexes', (SELECT coalesce(pg_catalog.jsonb_agg(e.oid::text ORDER BY e.oid), '[]') FROM every AS e
                WHERE e.valid AND ($1::text = 'table' OR e.oid = (SELECT n.oid FROM named AS n))),
    'leftovers', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('oid', e.oid::text,
                                  'name', e.quoted) ORDER BY e.oid), '[]')
                  FROM every AS e
                  WHERE NOT e.valid AND e.name ~ '_cc(new|old)[0-9]*$'
                    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index AS p
                                    WHERE p.datname = pg_catalog.current_database()
                                      AND p.command = 'REINDEX CONCURRENTLY')))
