-- Ends the backends of older epochs than $2 of run $1 in this database: how many were still there. One that builds an index CONCURRENTLY
-- is spared unless $3: the step adopts it. A plain CREATE INDEX is not: its transaction holds the fence. Anybody can take such a name:
-- those of roles whose backends we may not end were none of our runners, or the fence keeps them out.
SELECT count(pg_catalog.pg_terminate_backend(a.pid))
FROM pg_catalog.pg_stat_activity AS a JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
WHERE a.application_name ~ ('^headgate:' || $1::text || ':[0-9]+$')
  AND split_part(a.application_name, ':', 3)::bigint < $2::bigint
  AND a.datname = pg_catalog.current_database()
  AND a.pid <> pg_catalog.pg_backend_pid()
  AND (pg_catalog.pg_has_role(r.oid, 'USAGE') OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))
  AND (NOT r.rolsuper OR pg_catalog.current_setting('is_superuser') = 'on')
  AND ($3::boolean
       OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index AS p
                      WHERE p.pid = a.pid AND p.command IN ('CREATE INDEX CONCURRENTLY', 'REINDEX CONCURRENTLY')))
