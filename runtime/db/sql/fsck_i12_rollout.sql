-- I12: a rollout goes up or to 0, and buckets are those of docs/bucketing.md, so that who was in at 10 % is in at 50 %. A watch that
-- ended before its window was over was ended by the gate STAGE/advance, with its approvals or by policy.
SELECT e.run, e.node, 'event ' || e.seq || ' goes from ' || e.before || ' % to ' || e.percent || ' %'
FROM (SELECT s.run, s.node, s.seq, (s.data ->> 'percent')::numeric AS percent,
             lag((s.data ->> 'percent')::numeric) OVER (PARTITION BY s.run, s.node ORDER BY s.seq) AS before
      FROM headgate.event AS s JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) USING (run)
      WHERE s.type = 'rollout.flag') AS e
WHERE e.percent NOT BETWEEN 0 AND 100 OR (e.percent < e.before AND e.percent <> 0)
UNION ALL
SELECT NULL, '', 'headgate.bucket(' || quote_literal(v.flag) || ', ' || quote_literal(v.id) || ') is ' || headgate.bucket(v.flag, v.id)
                 || ', not ' || v.bucket
FROM (VALUES ('v2_canonical_system', '1', 4728), ('new_checkout', '42', 4469), ('a:b', 'c', 8856)) AS v(flag, id, bucket)
WHERE headgate.bucket(v.flag, v.id) <> v.bucket
UNION ALL
SELECT w.run, w.stage, 'its watch ended after ' || w.counted_us || ' of ' || w.window_us || ' us, and ' ||
       CASE WHEN g.passed THEN 'gate "' || w.stage || '/advance" was passed with ' || g.approvals || ' of ' || g.need || ' approvals'
            ELSE 'no gate let it' END
FROM headgate.watch AS w
JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, gates jsonb) USING (run)
LEFT JOIN LATERAL jsonb_to_record(r.gates -> (w.stage || '/advance')) AS g(passed boolean, approvals integer, need integer) ON true
WHERE w.closed_at IS NOT NULL AND w.counted_us < w.window_us
  AND (NOT coalesce(g.passed, false) OR (g.approvals < g.need AND w.advanced -> 'approved_by' IS DISTINCT FROM '["policy"]'))
