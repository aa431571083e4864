-- Somebody ($3, by door $4) wants the evidence of gate $2 of run $1 looked at again; wakes the runner.
WITH asked AS (
    UPDATE headgate.gate SET asked_at = pg_catalog.clock_timestamp()
    WHERE run = $1::bigint AND path = $2::text AND state IN ('open', 'approved')
    RETURNING run
), told AS (
    SELECT headgate.event_append(run, coalesce((SELECT epoch FROM headgate.lease WHERE run = $1::bigint), 0), 'gate.asked', 0, 'gate.asked',
                                 $2::text, pg_catalog.jsonb_build_object('by', $3::text, 'via', $4::jsonb)) AS seq
    FROM asked
)
SELECT pg_catalog.pg_notify('headgate', $1::text || ' ' || told.seq::text), pg_catalog.pg_notify('headgate_run', $1::text)
FROM told
