-- I3: the ranges of a backfill lie side by side without a gap, those of an import within each file, and those of a step that is
-- done are done. A range below 0 belongs to an undo.
SELECT c.run, c.step, 'range ' || c.range || ': ' || c.fault
FROM (SELECT k.run, k.step, k.range,
             CASE WHEN s.kind = 'import' AND k.lower[2]::bigint > 0 AND lag(k.upper) OVER ranges IS DISTINCT FROM k.lower
                  THEN 'it does not begin where the one before ends'
                  WHEN s.kind = 'import' AND k.lower[2]::bigint = 0 AND lag(k.upper[2] <> k.upper[3]) OVER ranges
                  THEN 'the one before does not reach the end of its file'
                  WHEN s.kind <> 'import' AND k.range = min(k.range) OVER steps AND k.lower IS NOT NULL
                  THEN 'the first one has a lower bound'
                  WHEN s.kind <> 'import' AND k.range = max(k.range) OVER steps AND k.upper IS NOT NULL
                  THEN 'the last one has an upper bound'
                  WHEN s.kind <> 'import' AND lag(k.upper) OVER ranges IS DISTINCT FROM k.lower THEN 'it does not begin where the one before ends'
                  WHEN s.state = 'done' AND NOT k.done THEN 'the step is done, and this range is not'
                  WHEN least(k.rows_changed, k.rows_skipped, k.rows_queued, k.rows_moved, k.batches) < 0
                  THEN 'a count is negative'
                  WHEN k.batches = 0 AND k.rows_changed > 0 THEN 'rows were changed by no batch' END AS fault
      FROM headgate.cursor AS k
      JOIN headgate.step AS s ON s.run = k.run AND s.path = k.step
      JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) ON r.run = k.run
      WHERE k.range >= 0
      WINDOW steps AS (PARTITION BY k.run, k.step), ranges AS (PARTITION BY k.run, k.step ORDER BY k.range)) AS c
WHERE c.fault IS NOT NULL
ORDER BY c.run, c.step, c.range
