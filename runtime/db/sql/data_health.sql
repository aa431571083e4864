-- What a backfill on relation $1 (NULL: none) may harm on this server: (kind, name, value, why not). Values: lsn bytes; replica bytes
-- replayed; lag the seconds of its newest measured one while it is behind; archive bytes not archived; blocked seconds that somebody has waited for our sessions, whose names begin with $2; sessions
-- of others at work; vacuum 1 = of that table, 2 = against wraparound; slots that soon lose their WAL.
WITH here AS (
    SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_lsn() END AS lsn
), ours AS MATERIALIZED (
    SELECT pid FROM pg_catalog.pg_stat_activity WHERE pg_catalog.starts_with(application_name, $2::text)
), others AS MATERIALIZED (
    SELECT * FROM pg_catalog.pg_stat_activity AS a
    WHERE a.backend_type IS DISTINCT FROM 'walsender' AND a.pid NOT IN (SELECT pid FROM ours)
)
SELECT 'lsn' AS kind, '' AS name, pg_catalog.pg_wal_lsn_diff(lsn, '0/0')::double precision AS value, '' AS why_not FROM here
UNION ALL
SELECT 'replica', coalesce(nullif(application_name, ''), client_addr::text, '?'), pg_catalog.pg_wal_lsn_diff(replay_lsn, '0/0')::double precision,
       CASE WHEN state IS NULL THEN 'the role is no member of pg_monitor' ELSE '' END
FROM pg_catalog.pg_stat_replication WHERE state IS NULL OR state IN ('streaming', 'catchup')
UNION ALL
SELECT 'lag', coalesce(nullif(application_name, ''), client_addr::text, '?'), extract(epoch FROM replay_lag)::double precision, ''
FROM pg_catalog.pg_stat_replication, here WHERE state IN ('streaming', 'catchup') AND replay_lsn < here.lsn AND replay_lag IS NOT NULL
UNION ALL
SELECT 'archive', '',
       CASE WHEN s.last_archived_wal ~ '^[0-9A-F]{24}(\.[0-9A-F]{8}\.backup)?$' AND h.lsn IS NOT NULL THEN
           greatest(0, pg_catalog.pg_wal_lsn_diff(h.lsn, '0/0')
               - (('x' || pg_catalog.substr(s.last_archived_wal, 9, 8))::bit(32)::bigint * 4294967296.0
                  + (('x' || pg_catalog.substr(s.last_archived_wal, 17, 8))::bit(32)::bigint + 1)
                    * pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))))::double precision
            WHEN s.failed_count > 0 THEN 'infinity'::double precision ELSE 0 END, ''
FROM pg_catalog.pg_stat_archiver AS s, here AS h WHERE pg_catalog.current_setting('archive_mode') <> 'off'
UNION ALL
SELECT 'blocked', '', coalesce(pg_catalog.max(extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(
           (pg_catalog.to_jsonb(l) ->> 'waitstart')::timestamptz, a.query_start))), 0)::double precision, ''
FROM pg_catalog.pg_locks AS l JOIN others AS a USING (pid)
WHERE NOT l.granted AND a.backend_type IS NOT DISTINCT FROM 'client backend'
  AND pg_catalog.pg_blocking_pids(l.pid) && ARRAY(SELECT pid FROM ours)
UNION ALL
SELECT 'sessions', '', pg_catalog.count(*) FILTER (WHERE state = 'active' AND backend_type = 'client backend'),
       CASE WHEN pg_catalog.bool_or(state IS NULL AND backend_type IS NULL) THEN 'the role is no member of pg_monitor' ELSE '' END
FROM others WHERE pid <> pg_catalog.pg_backend_pid()
UNION ALL
SELECT 'vacuum', '', CASE WHEN v.relid <> $1::oid THEN 0 WHEN a.query LIKE '%to prevent wraparound%' THEN 2 ELSE 1 END, ''
FROM pg_catalog.pg_stat_progress_vacuum AS v JOIN others AS a USING (pid) WHERE a.backend_type = 'autovacuum worker'
UNION ALL
SELECT 'slot', slot_name, 1, '' FROM pg_catalog.pg_replication_slots WHERE wal_status = 'unreserved'
