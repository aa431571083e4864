-- Stores decisions about rows of run $1: three arrays, $2 steps, $3 keys (array texts), $4 decisions; $5 who, $6 idempotency
-- key or NULL. Wakes the runner by a request, tells readers one event a step. How many rows.
WITH wanted AS (
    SELECT DISTINCT ON (step, key) step, key, decision
    FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) WITH ORDINALITY AS w (step, key, decision, place)
    ORDER BY step, key, place DESC
), decided AS (
    INSERT INTO headgate.decision (run, step, key, decision, decided_by)
    SELECT $1::bigint, step, key::text[], decision::jsonb, $5::text FROM wanted
    ON CONFLICT (run, step, key) DO UPDATE
    SET decision = excluded.decision, decided_by = excluded.decided_by, decided_at = pg_catalog.clock_timestamp()
    RETURNING step, decision
), counted AS (
    SELECT step, count(*) AS count, min(decision::text)::jsonb AS first, count(DISTINCT decision) AS kinds
    FROM decided GROUP BY step
), asked AS (
    INSERT INTO headgate.request (run, kind, body, asked_by, key)
    SELECT $1::bigint, 'review', pg_catalog.jsonb_build_object('decided', coalesce(sum(count), 0)), $5::text, $6::text FROM counted
    RETURNING id, body
), told AS (
    SELECT headgate.event_append($1::bigint, coalesce((SELECT epoch FROM headgate.lease WHERE run = $1::bigint), 0),
               'review:' || counted.step, asked.id, 'review.decided', counted.step,
               pg_catalog.jsonb_build_object('count', counted.count, 'by', $5::text,
                                             'decision', CASE WHEN counted.kinds = 1 THEN counted.first END)) AS seq
    FROM counted, asked ORDER BY counted.step
), heard AS (
    SELECT pg_catalog.pg_notify('headgate', $1::text || ' ' || max(seq)::text), pg_catalog.pg_notify('headgate_run', $1::text)
    FROM told
)
SELECT (asked.body ->> 'decided')::bigint, (SELECT count(*) FROM heard) FROM asked
