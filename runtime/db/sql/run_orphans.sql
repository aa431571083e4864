-- Runs that nobody drives and somebody should: active ones, resting ones with an open request, done ones that are to be
-- rolled back.
SELECT pg_catalog.json_build_object('id', r.id, 'plan', r.plan_name, 'state', r.state, 'environment', r.environment)
FROM headgate.run AS r JOIN headgate.lease AS l ON l.run = r.id
WHERE l.until <= pg_catalog.clock_timestamp()
  AND (r.state IN ('pending', 'running', 'waiting', 'watching', 'held', 'throttled', 'rolling_back')
       OR (r.state IN ('paused', 'failed', 'rollback_blocked')
           AND EXISTS (SELECT 1 FROM headgate.request AS q WHERE q.run = r.id AND q.handled_at IS NULL))
       OR (r.state = 'done'
           AND EXISTS (SELECT 1 FROM headgate.request AS q
                       WHERE q.run = r.id AND q.handled_at IS NULL AND q.kind = 'rollback')))
ORDER BY r.id
