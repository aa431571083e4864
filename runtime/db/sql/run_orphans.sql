-- Runs that nobody drives and somebody should: active ones, and resting ones with an open request.
SELECT pg_catalog.json_build_object('id', r.id, 'plan', r.plan_name, 'state', r.state, 'environment', r.environment)
FROM headgate.run AS r JOIN headgate.lease AS l ON l.run = r.id
WHERE l.until <= pg_catalog.clock_timestamp()
  AND (r.state IN ('pending', 'running', 'waiting', 'watching', 'held', 'throttled', 'rolling_back')
       OR (r.state IN ('paused', 'failed', 'rollback_blocked')
           AND EXISTS (SELECT 1 FROM headgate.request AS q WHERE q.run = r.id AND q.handled_at IS NULL)))
ORDER BY r.id
