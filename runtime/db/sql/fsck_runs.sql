-- What fsck knows about runs ($1: one of them, or NULL for all), as one JSON array: the parameter of every invariant.
-- told: the newest version of each step that an event tells; places: the plan's nodes in document order.
WITH RECURSIVE node AS (
    SELECT p.hash, ARRAY[0]::bigint[] AS place, p.graph AS body FROM headgate.plan AS p
    UNION ALL
    SELECT n.hash, n.place || c.ordinality, c.value
    FROM node AS n, jsonb_array_elements(coalesce(n.body -> 'children', '[]')) WITH ORDINALITY AS c
), numbered AS (
    SELECT hash, body ->> 'path' AS path, row_number() OVER (PARTITION BY hash ORDER BY place) AS place FROM node
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'run', r.id, 'state', r.state, 'direction', r.direction, 'database', r.database,
    'system_identifier', r.system_identifier, 'epoch', l.epoch,
    'rests', r.state IN ('done', 'rolled_back', 'aborted', 'failed', 'paused', 'rollback_blocked')
             AND NOT EXISTS (SELECT 1 FROM headgate.request AS q WHERE q.run = r.id AND q.handled_at IS NULL),
    'ended', r.state IN ('done', 'rolled_back', 'aborted'),
    'settled', r.state_since < clock_timestamp() - interval '15 s',
    'driven', l.until > clock_timestamp(),
    'pruned', NOT EXISTS (SELECT 1 FROM headgate.event AS e WHERE e.run = r.id AND e.seq = 1),
    'gates', (SELECT coalesce(jsonb_object_agg(g.path, jsonb_build_object(
                         'passed', g.state = 'passed', 'need', g.need,
                         'approvals', (SELECT count(*) FROM headgate.approval AS a
                                       WHERE a.run = g.run AND a.gate = g.path AND a.digest = g.digest AND a.decision = 'approve'
                                         AND NOT EXISTS (SELECT FROM headgate.approval AS l WHERE (l.run, l.gate, l.digest, l.person)
                                                         = (a.run, a.gate, a.digest, a.person) AND l.nth > a.nth)),
                         'glass', CASE WHEN g.glass THEN (
                             SELECT count(*) FROM headgate.approval AS a
                             WHERE a.run = g.run AND a.gate = g.path AND a.digest = g.digest AND a.decision = 'break_glass'
                               AND NOT EXISTS (SELECT FROM headgate.approval AS l WHERE (l.run, l.gate, l.digest, l.person)
                                               = (a.run, a.gate, a.digest, a.person) AND l.nth > a.nth)) END)), '{}')
              FROM headgate.gate AS g WHERE g.run = r.id),
    'told', (SELECT coalesce(jsonb_object_agg(t.node, t.version), '{}')
             FROM (SELECT e.node, max(e.version) AS version FROM headgate.event AS e
                   WHERE e.run = r.id AND e.type = 'step.state' AND e.source = e.node GROUP BY e.node) AS t),
    'places', (SELECT jsonb_object_agg(n.path, n.place) FROM numbered AS n WHERE n.hash = r.plan AND n.path IS NOT NULL))
    ORDER BY r.id), '[]')
FROM headgate.run AS r LEFT JOIN headgate.lease AS l ON l.run = r.id
WHERE $1::bigint IS NULL OR r.id = $1::bigint
