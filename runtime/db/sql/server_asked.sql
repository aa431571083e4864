-- Open gates of runs that watch a stage meanwhile: somebody asks for the end of its watch.
SELECT pg_catalog.json_build_object('id', r.id::text, 'plan', r.plan_name, 'environment', r.environment, 'path', g.path)
FROM headgate.gate AS g JOIN headgate.run AS r ON r.id = g.run
WHERE g.state = 'open' AND r.state = 'watching' AND r.reason ->> 'kind' = 'watch' AND g.path = (r.reason ->> 'path') || '/advance'
ORDER BY g.opened_at LIMIT 100
