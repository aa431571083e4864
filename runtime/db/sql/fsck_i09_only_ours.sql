-- I9: only what this run did is undone: whatever was undone had been started.
SELECT e.run, e.node, 'event ' || e.seq || ' says that it is ' || (e.data ->> 'to') || ', and it was never started'
FROM headgate.event AS e JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, pruned boolean) USING (run)
WHERE NOT r.pruned AND e.type = 'step.state' AND e.data ->> 'to' IN ('undoing', 'undone', 'undo_failed')
  AND NOT EXISTS (SELECT 1 FROM headgate.event AS b
                  WHERE b.run = e.run AND b.node = e.node AND b.seq < e.seq AND b.type = 'step.state'
                    AND b.data ->> 'to' IN ('intent', 'running', 'done', 'failed'))
ORDER BY e.run, e.seq
