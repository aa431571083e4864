-- Webhook $2 of environment $1 did not take event $4 of run $3: $5 why. It is tried again after twice as long each time, 5 min at
-- most. How often it was tried, and how old the event is in s.
UPDATE headgate.notice AS n
SET tries = n.tries + 1, problem = $5::text,
    next_at = pg_catalog.clock_timestamp() + least(power(2, least(n.tries, 12)), 300) * (0.75 + random() / 2) * interval '1 second'
WHERE n.environment = $1::text AND n.name = $2::text AND n.run = $3::bigint
RETURNING n.tries, coalesce((SELECT extract(epoch FROM pg_catalog.clock_timestamp() - e.at)::bigint
                             FROM headgate.event AS e WHERE e.run = n.run AND e.seq = $4::bigint), 0)
