-- Webhook $2 of environment $1: its row for every run there. One that is new (run 0 is missing) is not told what happened before;
-- after a failover nothing counts as told that is no longer there.
WITH first AS (
    INSERT INTO headgate.notice (environment, name, run) VALUES ($1::text, $2::text, 0) ON CONFLICT DO NOTHING RETURNING 1
), added AS (
    INSERT INTO headgate.notice (environment, name, run, seq)
    SELECT $1::text, $2::text, r.id, CASE WHEN EXISTS (SELECT FROM first) THEN r.last_seq ELSE 0 END
    FROM headgate.run AS r
    WHERE r.environment = $1::text
      AND NOT EXISTS (SELECT FROM headgate.notice AS n WHERE n.environment = $1::text AND n.name = $2::text AND n.run = r.id)
    ON CONFLICT DO NOTHING
)
UPDATE headgate.notice AS n SET seq = r.last_seq
FROM headgate.run AS r
WHERE n.environment = $1::text AND n.name = $2::text AND n.run = r.id AND n.seq > r.last_seq
