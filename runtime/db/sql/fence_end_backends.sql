-- Ends the backends of older epochs than $2 of run $1 in this database, and waits for each up to 5 s. One that builds
-- an index CONCURRENTLY is spared: the step adopts it. A plain CREATE INDEX is not: its transaction holds the fence.
SELECT count(*) FILTER (WHERE NOT pg_catalog.pg_terminate_backend(a.pid, 5000))
FROM pg_catalog.pg_stat_activity AS a
WHERE a.application_name ~ ('^headgate:' || $1::text || ':[0-9]+$')
  AND split_part(a.application_name, ':', 3)::bigint < $2::bigint
  AND a.datname = pg_catalog.current_database()
  AND a.pid <> pg_catalog.pg_backend_pid()
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index AS p
                  WHERE p.pid = a.pid AND p.command IN ('CREATE INDEX CONCURRENTLY', 'REINDEX CONCURRENTLY'))
