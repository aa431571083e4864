-- I16: a run that needs a person says why; what to do next follows from its state.
SELECT h.id, coalesce(h.node, ''), 'the run is ' || h.state || ', and nothing says why'
FROM headgate.run AS h JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) ON r.run = h.id
WHERE h.state IN ('failed', 'rollback_blocked', 'held') AND coalesce(h.reason ->> 'text', '') = ''
ORDER BY h.id
