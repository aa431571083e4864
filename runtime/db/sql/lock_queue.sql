-- The lock queue around backend $1, as one JSON object: what it waits for, whom (blockers, and those they wait for), and who waits
-- behind it (victims, and those behind them). harmed: an application's session, neither ours nor the server's own. Prepared
-- transactions have pid 0. pg_locks needs no privilege; what pg_stat_activity hides from us is null.
WITH RECURSIVE waiting AS MATERIALIZED (
    SELECT l.pid, pg_catalog.pg_blocking_pids(l.pid) AS behind, l.mode,
           CASE WHEN l.relation IS NULL THEN l.locktype
                WHEN l.database = 0 OR d.oid IS NOT NULL THEN l.relation::pg_catalog.regclass::text
                ELSE l.relation::text END AS object,
           l.relation,
           greatest(0, extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(
               (pg_catalog.to_jsonb(l) ->> 'waitstart')::timestamptz, -- version 14 and later
               CASE WHEN pg_catalog.current_setting('server_version_num')::integer < 140000 THEN
                   (SELECT a.query_start FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = l.pid) END,
               pg_catalog.clock_timestamp())) * 1000000)::bigint AS waited_us
    FROM pg_catalog.pg_locks AS l
    LEFT JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
    WHERE NOT l.granted
    LIMIT 200
), up AS (
    SELECT b.pid FROM waiting AS w, pg_catalog.unnest(w.behind) AS b(pid) WHERE w.pid = $1::integer
    UNION
    SELECT b.pid FROM up JOIN waiting AS w USING (pid), pg_catalog.unnest(w.behind) AS b(pid)
), down AS (
    SELECT w.pid FROM waiting AS w WHERE $1::integer = ANY (w.behind)
    UNION
    SELECT w.pid FROM down AS d JOIN waiting AS w ON d.pid = ANY (w.behind)
), who AS (
    SELECT p.pid, a.application_name AS application, a.usename AS "user", a.state, pg_catalog.left(a.query, 500) AS query,
           (extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) * 1000000)::bigint AS transaction_us,
           w.behind AS waits_for, w.mode AS wants, w.object, w.waited_us,
           (SELECT pg_catalog.string_agg(DISTINCT g.mode, ', ') FROM pg_catalog.pg_locks AS g
            WHERE g.pid = p.pid AND g.granted AND g.relation = (SELECT m.relation FROM waiting AS m WHERE m.pid = $1::integer)
           ) AS holds,
           coalesce(a.backend_type, 'client backend') = 'client backend'
               AND coalesce(a.application_name, '') !~ '^headgate:[0-9]+:[0-9]+$' AS harmed,
           p.behind
    FROM (SELECT up.pid, false FROM up UNION ALL SELECT down.pid, true FROM down WHERE down.pid NOT IN (SELECT pid FROM up)) AS p(pid, behind)
    LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = p.pid
    LEFT JOIN waiting AS w ON w.pid = p.pid
    WHERE p.pid <> $1::integer
)
SELECT pg_catalog.json_build_object(
    'waits', (SELECT pg_catalog.json_build_object('pid', w.pid, 'object', w.object, 'mode', w.mode, 'waited_us', w.waited_us,
                                                  'waits_for', pg_catalog.to_json(w.behind))
              FROM waiting AS w WHERE w.pid = $1::integer),
    'blockers', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.to_jsonb(b) - 'behind' - 'harmed'), '[]')
                 FROM (SELECT * FROM who WHERE NOT behind ORDER BY waits_for IS NOT NULL, pid LIMIT 8) AS b),
    'victims', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.to_jsonb(v) - 'behind'), '[]')
                FROM (SELECT * FROM who WHERE behind ORDER BY waited_us DESC LIMIT 12) AS v),
    'victims_total', (SELECT pg_catalog.count(*) FROM who WHERE behind AND harmed),
    'longest_us', (SELECT coalesce(pg_catalog.max(waited_us), 0) FROM who WHERE behind AND harmed))
