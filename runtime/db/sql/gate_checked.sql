-- The evidence of gate $2 of run $1 was looked at again and says the same: $3, with its event, if epoch $4 still has the lease.
WITH ours AS (
    SELECT run, epoch FROM headgate.lease WHERE run = $1::bigint AND epoch = $4::bigint
), changed AS (
    UPDATE headgate.gate AS g SET evidence = $3::jsonb, checked_at = pg_catalog.clock_timestamp() FROM ours
    WHERE g.run = ours.run AND g.path = $2::text
    RETURNING g.run, ours.epoch
), told AS (
    SELECT headgate.event_append(run, epoch, 'gate.checked', 0, 'gate.checked', $2::text,
                                 pg_catalog.jsonb_build_object('evidence', $3::jsonb)) FROM changed
)
SELECT (SELECT count(*) FROM told) > 0 FROM ours
