-- Is there anything under the names $1 (text[]), as a relation or as a schema? Cheap: the usual answer, before a step that creates, is no.
SELECT coalesce(bool_or(pg_catalog.to_regclass(n) IS NOT NULL OR CASE WHEN pg_catalog.cardinality(pg_catalog.parse_ident(n, false)) = 1 THEN pg_catalog.to_regnamespace(n) IS NOT NULL ELSE false END), false) FROM pg_catalog.unnest($1::text[]) AS n
