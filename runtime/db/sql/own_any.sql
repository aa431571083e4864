-- Is there anything under the names $1 (text[]), as a relation or as a schema? Cheap: the usual answer, before a step that creates, is no.
SELECT coalesce(bool_or(pg_catalog.to_regclass(n) IS NOT NULL OR pg_catalog.to_regnamespace(n) IS NOT NULL), false) FROM pg_catalog.unnest($1::text[]) AS n
