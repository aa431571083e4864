-- The tables of what rollbacks kept, as one text; NULL when there is none.
SELECT pg_catalog.string_agg('headgate.' || c.relname, ', ' ORDER BY c.oid)
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'headgate'::pg_catalog.regnamespace AND c.relkind = 'r' AND c.relname ~ '^kept_[0-9]+$'
