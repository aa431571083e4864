-- I7: a run that rolls back starts no step forward.
SELECT e.run, e.node, 'event ' || e.seq || ' says ' || e.state || ' while the run rolls back'
FROM (SELECT s.run, s.node, s.seq, s.type, s.data ->> 'to' AS state,
             max(s.seq) FILTER (WHERE s.type = 'run.state') OVER (PARTITION BY s.run ORDER BY s.seq) AS change
      FROM headgate.event AS s JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) USING (run)
      WHERE s.type IN ('run.state', 'step.state')) AS e
JOIN headgate.event AS c ON c.run = e.run AND c.seq = e.change
WHERE e.type = 'step.state' AND e.state IN ('intent', 'running', 'done') AND c.data ->> 'direction' = 'back'
ORDER BY e.run, e.seq
