-- Backends of epochs of run $1 before $2 in this database: process id, and whether it builds an index CONCURRENTLY.
-- Only of roles whose rights we have: anybody can take such a name.
SELECT a.pid, p.pid IS NOT NULL
FROM pg_catalog.pg_stat_activity AS a
LEFT JOIN pg_catalog.pg_stat_progress_create_index AS p
       ON p.pid = a.pid AND p.command IN ('CREATE INDEX CONCURRENTLY', 'REINDEX CONCURRENTLY')
WHERE a.application_name ~ ('^headgate:' || $1::text || ':[0-9]+$')
  AND split_part(a.application_name, ':', 3)::bigint < $2::bigint
  AND a.datname = pg_catalog.current_database() AND pg_catalog.pg_has_role(a.usesysid, 'USAGE')
ORDER BY p.pid IS NOT NULL DESC, a.pid
