-- When run $1 and its nodes changed their state: {node, to, at_us}, oldest first; node null = the run itself.
SELECT pg_catalog.json_build_object(
    'node', CASE WHEN type = 'step.state' THEN node END, 'to', data ->> 'to',
    'at_us', (extract(epoch FROM at) * 1000000)::bigint)
FROM headgate.event WHERE run = $1::bigint AND type IN ('run.state', 'step.state') ORDER BY seq
