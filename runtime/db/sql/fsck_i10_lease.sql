-- I10, told: nobody drives a run that ended. 15 s are left for a runner that was killed at its end. A request
-- (a rollback of a run that is done) wakes a runner, which takes the lease before it changes the state.
SELECT h.id, '', 'the run is ' || h.state || ', and ' || coalesce(l.owner, 'somebody') || ' keeps its lease until '
               || headgate.rfc3339(l.until)
FROM headgate.run AS h
JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, ended boolean, settled boolean) ON r.run = h.id
JOIN headgate.lease AS l ON l.run = h.id
WHERE r.ended AND r.settled AND l.until > clock_timestamp()
  AND NOT EXISTS (SELECT 1 FROM headgate.request AS q WHERE q.run = h.id AND q.handled_at IS NULL)
ORDER BY h.id
