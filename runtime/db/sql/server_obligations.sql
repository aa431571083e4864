-- Gates whose glass was broken and about which nobody has answered yet, of runs of any state.
SELECT pg_catalog.json_build_object('id', r.id::text, 'plan', r.plan_name, 'environment', r.environment, 'path', g.path,
                                    'approvers', g.approvers, 'since', headgate.rfc3339(g.closed_at), 'state_since', headgate.rfc3339(g.closed_at))
FROM headgate.gate AS g JOIN headgate.run AS r ON r.id = g.run
WHERE g.glass AND g.state = 'passed' AND NOT EXISTS (SELECT FROM headgate.answer AS a WHERE a.run = g.run AND a.path = g.path AND a.item = 0)
ORDER BY g.closed_at LIMIT 100
