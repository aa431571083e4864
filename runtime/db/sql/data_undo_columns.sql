-- The columns that step $2 of run $1 has old values of.
SELECT DISTINCT pg_catalog.jsonb_object_keys(old) FROM headgate.old_value WHERE run = $1::bigint AND step = $2::text ORDER BY 1
