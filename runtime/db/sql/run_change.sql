-- Moves the head of run $1 from state $3 to $4 if epoch $2 still has the lease; the event goes with it.
-- $5 direction, $6 why of the rollback, $7 node, $8 reason, $9 finished, $10 why of the change.
WITH changed AS (
    UPDATE headgate.run AS r
    SET state = $4::text, direction = $5::text, rollback_why = coalesce($6::text, r.rollback_why), node = $7::text,
        reason = $8::jsonb, version = r.version + 1,
        state_since = CASE WHEN r.state = $4::text THEN r.state_since ELSE pg_catalog.clock_timestamp() END,
        finished_at = CASE WHEN $9::boolean THEN pg_catalog.clock_timestamp() END
    FROM headgate.lease AS l
    WHERE r.id = $1::bigint AND r.state = $3::text AND l.run = r.id AND l.epoch = $2::bigint
    RETURNING r.version
)
SELECT version, headgate.event_append($1::bigint, $2::bigint, 'run', version, 'run.state', $7::text,
           pg_catalog.jsonb_build_object('from', $3::text, 'to', $4::text, 'why', $10::text, 'reason', $8::jsonb,
                                         'direction', $5::text))
FROM changed
