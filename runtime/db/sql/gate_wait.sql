-- Gate $2 of run $1 has its approvals since $3 and waits for its clock (state approved), or lacks them again ($3 NULL: open), if epoch $4
-- still has the lease and nobody said anything since $5 words were counted. With an event whose data are $6. A row if the lease is ours:
-- did it change?
WITH ours AS (
    SELECT run, epoch FROM headgate.lease WHERE run = $1::bigint AND epoch = $4::bigint
), changed AS (
    UPDATE headgate.gate AS g
    SET state = CASE WHEN $3::timestamptz IS NULL THEN 'open' ELSE 'approved' END, approved_at = $3::timestamptz
    FROM ours
    WHERE g.run = ours.run AND g.path = $2::text AND g.state IN ('open', 'approved') AND g.said = $5::bigint
      AND g.approved_at IS DISTINCT FROM $3::timestamptz
    RETURNING g.run, ours.epoch
), told AS (
    SELECT headgate.event_append(run, epoch, 'gate.waiting', 0, 'gate.waiting', $2::text, $6::jsonb) FROM changed
)
SELECT (SELECT count(*) FROM told) > 0 FROM ours
