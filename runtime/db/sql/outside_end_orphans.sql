-- Ends every backend of epochs of run $1 before $2 in this database, builders too: how many are still there after 5 s each.
SELECT count(*) FILTER (WHERE NOT pg_catalog.pg_terminate_backend(a.pid, 5000))
FROM pg_catalog.pg_stat_activity AS a
WHERE a.application_name ~ ('^headgate:' || $1::text || ':[0-9]+$')
  AND split_part(a.application_name, ':', 3)::bigint < $2::bigint
  AND a.datname = pg_catalog.current_database()
