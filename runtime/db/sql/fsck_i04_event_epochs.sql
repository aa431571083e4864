-- I4, told: once an event of a later epoch is there, an earlier epoch appends none. Epoch 0 is the supervisor.
SELECT e.run, e.node, 'event ' || e.seq || ' is of epoch ' || e.epoch || ', after one of epoch ' || e.before
FROM (SELECT s.run, s.node, s.seq, s.epoch,
             max(s.epoch) OVER (PARTITION BY s.run ORDER BY s.seq
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM headgate.event AS s JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) USING (run)
      WHERE s.epoch > 0) AS e
WHERE e.before > e.epoch
ORDER BY e.run, e.seq
