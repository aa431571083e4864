-- Gates of run $1 with their approvals.
SELECT pg_catalog.row_to_json(x) FROM (
    SELECT g.path, g.state, g.question, g.need, g.approvers, g.digest, g.opened_at, g.closed_at, g.evidence,
           (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('person', a.person, 'decision', a.decision,
                       'comment', a.comment, 'at', a.at) ORDER BY a.id), '[]')
            FROM headgate.approval AS a WHERE a.run = g.run AND a.gate = g.path) AS approvals
    FROM headgate.gate AS g WHERE g.run = $1::bigint ORDER BY g.opened_at) AS x
