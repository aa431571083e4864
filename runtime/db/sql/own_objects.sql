-- What is there of the columns $2 (text[]; * = the table, ** = the relation is a schema) of the relations $1 (text[]): as identities that
-- outlive a name, and names for people. One JSON object; {} when there is nothing.
SELECT coalesce(pg_catalog.json_object_agg(o.identity, o.name), '{}')
FROM (
    SELECT 'column ' || a.attrelid || ' ' || a.attnum AS identity, 'column ' || i.col || ' of ' || i.name AS name
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS i(name, col)
    JOIN pg_catalog.pg_attribute AS a
      ON a.attrelid = pg_catalog.to_regclass(i.name) AND a.attname = i.col AND a.attnum > 0 AND NOT a.attisdropped
    WHERE i.col NOT IN ('*', '**')
    UNION
    SELECT 'table ' || pg_catalog.to_regclass(i.name)::pg_catalog.oid, 'table ' || i.name
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS i(name, col)
    WHERE i.col = '*' AND pg_catalog.to_regclass(i.name) IS NOT NULL
    UNION
    SELECT 'schema ' || pg_catalog.to_regnamespace(i.name)::pg_catalog.oid, 'schema ' || i.name
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS i(name, col)
    WHERE i.col = '**' AND pg_catalog.to_regnamespace(i.name) IS NOT NULL
) AS o
