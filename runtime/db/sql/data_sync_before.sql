-- Functions and relations that are there before the sync SQL runs.
SELECT (SELECT pg_catalog.array_agg(oid::bigint) FROM pg_catalog.pg_proc), (SELECT pg_catalog.array_agg(oid::bigint) FROM pg_catalog.pg_class)
