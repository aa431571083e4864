-- Moves the head of run $1 from state $3 to $4 if epoch $2 still has the lease; the event goes with it.
-- $5 direction, $6 why of the rollback, $7 node, $8 reason, $9 finished, $10 why of the change. Gates that nobody can pass any more,
-- because the run turns back or is over, are withdrawn with it; their rows are locked before the head's, as people's words do it.
WITH gates AS MATERIALIZED (
    SELECT path FROM headgate.gate
    WHERE run = $1::bigint AND state IN ('open', 'approved')
      AND ($9::boolean OR ($5::text = 'back' AND (SELECT direction FROM headgate.run WHERE id = $1::bigint) <> 'back'))
    ORDER BY path FOR UPDATE
), changed AS (
    UPDATE headgate.run AS r
    SET state = $4::text, direction = $5::text, rollback_why = coalesce($6::text, r.rollback_why), node = $7::text,
        reason = $8::jsonb, version = r.version + 1,
        state_since = CASE WHEN r.state = $4::text THEN r.state_since ELSE pg_catalog.clock_timestamp() END,
        finished_at = CASE WHEN $9::boolean THEN pg_catalog.clock_timestamp() END
    FROM headgate.lease AS l, (SELECT count(*) FROM gates) AS locked
    WHERE r.id = $1::bigint AND r.state = $3::text AND l.run = r.id AND l.epoch = $2::bigint
    RETURNING r.id, r.version
), withdrawn AS (
    UPDATE headgate.gate AS g SET state = 'withdrawn', closed_at = pg_catalog.clock_timestamp()
    FROM changed, gates WHERE g.run = changed.id AND g.path = gates.path
    RETURNING g.path, (extract(epoch FROM g.opened_at) * 1000000)::bigint AS opened_us
), told AS (
    SELECT headgate.event_append($1::bigint, $2::bigint, 'gate.closed:' || path, opened_us, 'gate.closed', path,
               pg_catalog.jsonb_build_object('state', 'withdrawn')) FROM withdrawn
)
SELECT version, headgate.event_append($1::bigint, $2::bigint, 'run', version, 'run.state', $7::text,
           pg_catalog.jsonb_build_object('from', $3::text, 'to', $4::text, 'why', $10::text, 'reason', $8::jsonb,
                                         'direction', $5::text)),
       (SELECT count(*) FROM told)
FROM changed
