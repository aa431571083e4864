-- I2: going forward, a step starts when all before it are done, in the plan's order. A rollout and its stages overlap.
SELECT s.run, later.path,
       CASE WHEN s.state IN ('intent', 'running', 'failed')
            THEN 'it was started although "' || s.path || '" is ' || s.state
            ELSE 'it was started after "' || s.path || '", which stands behind it in the plan' END
FROM headgate.step AS s
JOIN headgate.step AS later ON later.run = s.run AND later.start_order > s.start_order
JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, direction text, places jsonb) ON r.run = s.run
WHERE s.path <> '' AND later.path <> '' AND NOT starts_with(later.path, s.path || '/')
  AND NOT starts_with(s.path, later.path || '/')
  AND ((r.direction = 'forward' AND s.state IN ('intent', 'running', 'failed')
        AND later.state IN ('intent', 'running', 'failed', 'done'))
       OR (r.places ->> s.path)::bigint > (r.places ->> later.path)::bigint)
ORDER BY s.run, later.start_order
