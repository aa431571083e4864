-- Gates of run $1 in the order of opening: $2 one path or NULL, $3 with evidence and what follows. "about" is for
-- deciding, not for showing.
SELECT pg_catalog.jsonb_build_object(
    'run', g.run::text, 'path', g.path, 'state', g.state, 'question', g.question, 'digest', g.digest,
    'approvers', g.approvers, 'need', g.need, 'opened_at', headgate.rfc3339(g.opened_at),
    'expires_at', headgate.rfc3339(g.expires_at), 'closed_at', headgate.rfc3339(g.closed_at),
    'on_expire', CASE WHEN g.expires_at IS NOT NULL THEN pg_catalog.jsonb_path_query_first(
        p.graph, 'strict $.** ? (@.path == $path).keys.on_expire', pg_catalog.jsonb_build_object('path', g.path), true) END,
    'approvals', coalesce((
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('person', a.person, 'roles', a.roles, 'decision', a.decision,
                                                                 'comment', a.comment, 'at', a.at) ORDER BY a.id)
        FROM headgate.approval AS a WHERE a.run = g.run AND a.gate = g.path AND a.digest = g.digest), '[]'),
    'about', pg_catalog.jsonb_build_object(
        'expired', coalesce(g.expires_at <= pg_catalog.clock_timestamp(), false), 'starter', r.started_by,
        'author', p.registered_by, 'environment', r.environment))
    || CASE WHEN $3::boolean THEN pg_catalog.jsonb_build_object('evidence', g.evidence, 'next', g.next) ELSE '{}' END
FROM headgate.gate AS g JOIN headgate.run AS r ON r.id = g.run JOIN headgate.plan AS p ON p.hash = r.plan
WHERE g.run = $1::bigint AND ($2::text IS NULL OR g.path = $2::text)
ORDER BY g.opened_at, g.path
