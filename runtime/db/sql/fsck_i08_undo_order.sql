-- I8: steps are undone in the reverse order of their start, the half-run one first.
SELECT s.run, s.path,
       CASE WHEN later.state = 'undone' THEN 'it was undone before "' || later.path || '", which was started after it'
            ELSE 'it is ' || s.state || ', and "' || later.path || '", which was started after it, is ' || later.state END
FROM headgate.step AS s
JOIN headgate.step AS later ON later.run = s.run AND later.start_order > s.start_order
JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) ON r.run = s.run
WHERE s.path <> '' AND later.path <> '' AND NOT starts_with(later.path, s.path || '/')
  AND NOT starts_with(s.path, later.path || '/')
  AND ((s.state = 'undone' AND later.state = 'undone' AND s.finished_at < later.finished_at)
       OR (s.state IN ('undone', 'undoing', 'undo_failed') AND later.state IN ('intent', 'running', 'undoing', 'undo_failed')
           AND later.kind IN ('step', 'migrations', 'backfill', 'import', 'task', 'exec', 'rollout')))
ORDER BY s.run, s.start_order
