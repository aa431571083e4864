-- I1, in the ledger: a run that is done has no step that is not.
SELECT s.run, s.path, 'the run is done, and this step is ' || s.state
FROM headgate.step AS s JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, state text) USING (run)
WHERE r.state = 'done' AND s.state NOT IN ('done', 'skipped')
ORDER BY s.run, s.start_order
