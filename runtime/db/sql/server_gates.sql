-- Gates of run $1 in the order of opening: $2 one path or NULL, $3 with evidence and what follows. approvals are those that stand,
-- revoked those that were taken back. "about" is for deciding, not for showing.
WITH stands AS (
    SELECT DISTINCT ON (a.gate, a.person) a.gate, a.id, a.person, a.decision, a.nth,
           pg_catalog.jsonb_build_object('person', a.person, 'roles', a.roles, 'decision', a.decision, 'comment', a.comment,
                                         'fields', a.fields, 'at', a.at) AS shown
    FROM headgate.approval AS a JOIN headgate.gate AS g ON g.run = a.run AND g.path = a.gate AND g.digest = a.digest
    WHERE a.run = $1::bigint AND ($2::text IS NULL OR a.gate = $2::text)
    ORDER BY a.gate, a.person, a.nth DESC
)
SELECT pg_catalog.jsonb_build_object(
    'run', g.run::text, 'path', g.path, 'state', g.state, 'question', g.question, 'digest', g.digest,
    'approvers', g.approvers, 'need', g.need, 'opened_at', headgate.rfc3339(g.opened_at),
    'expires_at', headgate.rfc3339(g.expires_at), 'closed_at', headgate.rfc3339(g.closed_at),
    'on_expire', CASE WHEN g.expires_at IS NOT NULL THEN node.keys -> 'on_expire' END,
    'fields', g.fields, 'wait_us', g.wait_us, 'hours', g.hours, 'approved_at', headgate.rfc3339(g.approved_at),
    'passes_at', CASE WHEN g.state = 'approved' THEN headgate.rfc3339(headgate.passes_at(g.approved_at, g.wait_us, g.hours)) END,
    'left_us', (extract(epoch FROM CASE g.state WHEN 'open' THEN g.expires_at
                                                WHEN 'approved' THEN headgate.passes_at(g.approved_at, g.wait_us, g.hours) END
                                   - pg_catalog.clock_timestamp()) * 1000000)::bigint,
    'checked_at', headgate.rfc3339(g.checked_at), 'glass', g.glass,
    'obligation', CASE WHEN g.glass THEN coalesce(
        (SELECT pg_catalog.jsonb_build_object('open', false, 'by', w.by, 'note', w.note, 'at', headgate.rfc3339(w.at))
         FROM headgate.answer AS w WHERE w.run = g.run AND w.path = g.path AND w.item = 0),
        pg_catalog.jsonb_build_object('open', true)) END,
    'approvals', coalesce((SELECT pg_catalog.jsonb_agg(s.shown ORDER BY s.id) FILTER (WHERE s.decision <> 'revoke')
                           FROM stands AS s WHERE s.gate = g.path), '[]'),
    'revoked', coalesce((SELECT pg_catalog.jsonb_agg(s.shown ORDER BY s.id) FILTER (WHERE s.decision = 'revoke')
                         FROM stands AS s WHERE s.gate = g.path), '[]'),
    'about', pg_catalog.jsonb_build_object(
        'expired', coalesce(g.expires_at <= pg_catalog.clock_timestamp(), false), 'starter', r.started_by,
        'author', p.registered_by, 'environment', r.environment, 'of_plan', node.keys IS NOT NULL,
        'said', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('person', s.person, 'decision', s.decision, 'nth', s.nth))
                          FROM stands AS s WHERE s.gate = g.path), '[]')))
    || CASE WHEN $3::boolean THEN pg_catalog.jsonb_build_object('evidence', g.evidence, 'next', g.next) ELSE '{}' END
FROM headgate.gate AS g JOIN headgate.run AS r ON r.id = g.run JOIN headgate.plan AS p ON p.hash = r.plan
CROSS JOIN LATERAL (
    SELECT pg_catalog.jsonb_path_query_first(p.graph, 'strict $.** ? (@.path == $path && @.kind == "gate").keys',
                                             pg_catalog.jsonb_build_object('path', g.path), true) AS keys) AS node
WHERE g.run = $1::bigint AND ($2::text IS NULL OR g.path = $2::text)
ORDER BY g.opened_at, g.path
