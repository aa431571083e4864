-- I5, told: the events of a run are numbered from 1 to its last one. Pruning deletes all events of a run.
SELECT h.id, '', count(e.seq) || ' events, numbered ' || coalesce(min(e.seq), 0) || ' to ' || coalesce(max(e.seq), 0)
       || '; the last one should be ' || h.last_seq
FROM headgate.run AS h
JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, pruned boolean, ended boolean) ON r.run = h.id
LEFT JOIN headgate.event AS e ON e.run = h.id
GROUP BY h.id, h.last_seq, r.pruned, r.ended
HAVING (count(e.seq) > 0 OR NOT r.ended)
   AND (count(e.seq) <> h.last_seq OR max(e.seq) IS DISTINCT FROM h.last_seq OR min(e.seq) IS DISTINCT FROM 1)
ORDER BY h.id
