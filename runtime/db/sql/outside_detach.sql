-- Is partition $4 (of schema $3) still one of table $2 (of schema $1)? Schemas may be NULL. A row when it is:
-- the oids of both, whether its detaching was begun, and both names quoted.
SELECT i.inhparent, i.inhrelid,
       coalesce((pg_catalog.row_to_json(i) ->> 'inhdetachpending')::boolean, false),
       i.inhparent::regclass::text, i.inhrelid::regclass::text
FROM pg_catalog.pg_inherits AS i
WHERE i.inhparent = pg_catalog.to_regclass(coalesce(pg_catalog.quote_ident($1::text) || '.', '')
                                           || pg_catalog.quote_ident($2::text))
  AND i.inhrelid = pg_catalog.to_regclass(coalesce(pg_catalog.quote_ident($3::text) || '.', '')
                                          || pg_catalog.quote_ident($4::text))
