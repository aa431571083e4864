-- I13: a rollback that undid nothing says so.
SELECT h.id, '', 'the run is rolled back, nothing was undone, and nobody was told so'
FROM headgate.run AS h JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, state text, pruned boolean) ON r.run = h.id
WHERE r.state = 'rolled_back' AND NOT r.pruned
  AND NOT EXISTS (SELECT 1 FROM headgate.event AS e
                  WHERE e.run = h.id
                    AND (e.type = 'step.state' AND e.data ->> 'to' IN ('undone', 'skipped')
                         OR e.type = 'log' AND e.data ->> 'text' = 'there was nothing to undo'))
ORDER BY h.id
