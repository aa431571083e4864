-- The pace of step $2 of run $1, as its runner told it last; no row: nothing was told, it goes as the plan says.
SELECT data || pg_catalog.jsonb_build_object('path', node, 'at', headgate.rfc3339(at))
FROM headgate.event WHERE run = $1::bigint AND type = 'step.throttle' AND node = $2::text
ORDER BY seq DESC LIMIT 1
