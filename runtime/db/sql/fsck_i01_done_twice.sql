-- I1, told: a step that was reported as done, and as done again with nothing in between.
SELECT e.run, e.node, 'events ' || e.before_seq || ' and ' || e.seq || ' both say that it was done'
FROM (SELECT s.run, s.node, s.seq, s.data ->> 'to' AS state, lag(s.data ->> 'to') OVER w AS before,
             lag(s.seq) OVER w AS before_seq
      FROM headgate.event AS s JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) USING (run)
      WHERE s.type = 'step.state' AND s.source = s.node
      WINDOW w AS (PARTITION BY s.run, s.node ORDER BY s.seq)) AS e
WHERE e.state = 'done' AND e.before = 'done'
ORDER BY e.run, e.seq
