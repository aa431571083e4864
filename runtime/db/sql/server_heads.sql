-- Which runs are alive or ended a moment ago, and those with ids $1: id, version, last event, driven now. The last
-- columns are the clock in us and the timeline; they come in at least one row.
SELECT h.id, h.version, h.last_seq, h.alive,
       (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint AS now_us,
       CASE WHEN NOT pg_catalog.pg_is_in_recovery()
            THEN ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::integer
       END AS timeline
FROM (VALUES (1)) AS one
LEFT JOIN (
    SELECT r.id, r.version, r.last_seq, coalesce(l.until > pg_catalog.clock_timestamp(), false) AS alive
    FROM headgate.run AS r LEFT JOIN headgate.lease AS l ON l.run = r.id
    WHERE r.state NOT IN ('done', 'rolled_back', 'aborted')
       OR r.finished_at > pg_catalog.clock_timestamp() - interval '1 minute'
       OR r.id = ANY ($1::bigint[])) AS h ON true
