-- Closes gate $2 of run $1 as $3 with its event if epoch $4 still has the lease and nobody said anything since $5 words were counted
-- (NULL = whatever was said): this decides a race with a revoke. $6: it was passed by breaking the glass; $7 data of the event. A row
-- if the lease is ours: was it closed?
WITH ours AS (
    SELECT run, epoch FROM headgate.lease WHERE run = $1::bigint AND epoch = $4::bigint
), closed AS (
    UPDATE headgate.gate AS g SET state = $3::text, closed_at = pg_catalog.clock_timestamp(), glass = $6::boolean
    FROM ours
    WHERE g.run = ours.run AND g.path = $2::text AND g.state IN ('open', 'approved') AND ($5::bigint IS NULL OR g.said = $5::bigint)
    RETURNING g.run, ours.epoch, (extract(epoch FROM g.opened_at) * 1000000)::bigint AS opened_us
), told AS (
    SELECT headgate.event_append(run, epoch, 'gate.closed:' || $2::text, opened_us, 'gate.closed', $2::text, $7::jsonb) FROM closed
)
SELECT (SELECT count(*) FROM told) > 0 FROM ours
