-- Heads of runs, newest first: $1 ids, $2 states ("running,waiting"), $3 plan, $4 environment, $5 text somewhere,
-- $6 ids below this one (0 = all), $7 at most. NULL = all. Progress is the newest one of the node at work,
-- which is looked for once a run (OFFSET 0: else once for each event below).
SELECT pg_catalog.json_build_object(
    'id', r.id::text, 'plan', r.plan_name, 'hash', r.plan, 'environment', r.environment, 'database', r.database, 'system', r.system_identifier,
    'state', r.state, 'direction', r.direction,
    'reason', CASE WHEN r.reason <> '{}' THEN pg_catalog.jsonb_build_object(
        'since', headgate.rfc3339(r.state_since), 'expires', headgate.rfc3339(g.expires_at), 'on_expire', NULL) || r.reason END,
    'waits', CASE WHEN r.state IN ('running', 'rolling_back') THEN headgate.waits(r.id) END,
    'node', place.node, 'rollback_why', r.rollback_why, 'params', r.params,
    'started_by', r.started_by, 'author', p.registered_by,
    'created_at', headgate.rfc3339(r.created_at), 'state_since', headgate.rfc3339(r.state_since),
    'finished_at', headgate.rfc3339(r.finished_at),
    'version', r.version::text, 'seq', r.last_seq::text,
    'alive', coalesce(l.until > pg_catalog.clock_timestamp(), false),
    'lease_until', CASE WHEN l.owner IS NOT NULL THEN headgate.rfc3339(l.until) END,
    'progress', progress.data || pg_catalog.jsonb_build_object('path', progress.node))
FROM headgate.run AS r
JOIN headgate.plan AS p ON p.hash = r.plan
LEFT JOIN headgate.lease AS l ON l.run = r.id
LEFT JOIN headgate.gate AS g ON g.run = r.id AND g.path = r.reason ->> 'path' AND g.state = 'open'
CROSS JOIN LATERAL (
    SELECT coalesce(CASE WHEN r.state IN ('running', 'rolling_back') THEN headgate.at_work(r.id) END, nullif(r.node, '')) AS node
    OFFSET 0) AS place
LEFT JOIN LATERAL (
    SELECT e.data, e.node FROM (
        SELECT type, node, data, seq FROM headgate.event WHERE run = r.id ORDER BY seq DESC LIMIT 200) AS e
    WHERE e.type = 'step.progress' AND e.node = place.node
    ORDER BY e.seq DESC LIMIT 1
) AS progress ON r.state IN ('running', 'throttled', 'rolling_back', 'paused', 'held')
WHERE ($1::bigint[] IS NULL OR r.id = ANY ($1::bigint[]))
  AND ($2::text IS NULL OR r.state = ANY (pg_catalog.string_to_array($2::text, ',')))
  AND ($3::text IS NULL OR r.plan_name = $3::text)
  AND ($4::text IS NULL OR r.environment = $4::text)
  AND ($5::text IS NULL OR r.id::text = $5::text
       OR pg_catalog.strpos(pg_catalog.lower(r.plan_name || ' ' || r.environment || ' ' || r.database || ' ' || r.started_by),
                            pg_catalog.lower($5::text)) > 0)
  AND ($6::bigint = 0 OR r.id < $6::bigint)
ORDER BY r.id DESC LIMIT $7::integer
