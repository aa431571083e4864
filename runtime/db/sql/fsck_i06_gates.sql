-- I6: a gate's step is done only when the gate was passed, with as many approvals of its digest, by different people, as
-- it needs, by two who broke the glass, or by the policy of an environment whose gates are automatic. Nothing behind it starts before (I2).
SELECT s.run, s.path,
       CASE WHEN g.passed THEN 'it was passed with ' || g.approvals || ' of ' || g.need || ' approvals'
            ELSE 'the step is done, and the gate was not passed' END
FROM headgate.step AS s
JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, gates jsonb) ON r.run = s.run
LEFT JOIN LATERAL jsonb_to_record(r.gates -> s.path) AS g(passed boolean, approvals integer, need integer, glass integer) ON true
WHERE s.kind = 'gate' AND s.state = 'done'
  AND (NOT coalesce(g.passed, false)
       OR (g.approvals < g.need AND coalesce(g.glass, 0) < 2 AND NOT coalesce(s.detail -> 'approved_by' ->> 0, '') LIKE 'policy: %'))
ORDER BY s.run, s.start_order
