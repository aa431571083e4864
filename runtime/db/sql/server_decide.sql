-- Stores decisions about rows of run $1: three arrays, $2 steps, $3 keys (array texts), $4 decisions; $5 who, $6 idempotency
-- key or NULL; $7 by which door and from where. Wakes the runner by a request, tells readers one event a step. How many rows. digest of the event chains what is kept
-- in headgate.decided: SHA-256 over its rows. A decision above 16 KiB is only there.
WITH moment AS MATERIALIZED (
    SELECT pg_catalog.clock_timestamp() AS at
), wanted AS (
    SELECT DISTINCT ON (step, key) step, key::text[] AS key, decision::jsonb AS decision
    FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) WITH ORDINALITY AS w (step, key, decision, place)
    ORDER BY step, key, place DESC
), decided AS (
    INSERT INTO headgate.decision (run, step, key, decision, decided_by, decided_at)
    SELECT $1::bigint, step, key, decision, $5::text, moment.at FROM wanted, moment
    ON CONFLICT (run, step, key) DO UPDATE
    SET decision = excluded.decision, decided_by = excluded.decided_by, decided_at = excluded.decided_at
    RETURNING step, decision
), numbered AS (
    SELECT step, key, decision, row_number() OVER (PARTITION BY step ORDER BY key) AS place FROM wanted
), counted AS (
    SELECT n.step, count(*) AS count, min(n.decision::text)::jsonb AS first, count(DISTINCT n.decision) AS kinds,
           pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(
               pg_catalog.jsonb_build_array(n.step, n.key, n.decision)::text, E'\n' ORDER BY n.place), 'UTF8')), 'hex') AS digest
    FROM numbered AS n WHERE EXISTS (SELECT FROM decided) GROUP BY n.step
), asked AS (
    INSERT INTO headgate.request (run, kind, body, asked_by, key, via)
    SELECT $1::bigint, 'review', pg_catalog.jsonb_build_object('decided', coalesce(sum(count), 0)), $5::text, $6::text, $7::jsonb FROM counted
    RETURNING id, body
), told AS (
    SELECT headgate.event_append($1::bigint, coalesce((SELECT epoch FROM headgate.lease WHERE run = $1::bigint), 0),
               'review:' || counted.step, asked.id, 'review.decided', counted.step,
               pg_catalog.jsonb_build_object('count', counted.count, 'by', $5::text, 'at', headgate.rfc3339(moment.at), 'digest', counted.digest, 'via', $7::jsonb,
                                             'decision', CASE WHEN counted.kinds = 1 AND pg_catalog.octet_length(counted.first::text) <= 16384 THEN counted.first END)) AS seq,
           counted.step
    FROM counted, asked, moment ORDER BY counted.step
), kept AS (
    INSERT INTO headgate.decided (run, seq, place, step, key, decision, decided_by, decided_at)
    SELECT $1::bigint, told.seq, n.place, n.step, n.key, n.decision, $5::text, moment.at
    FROM told JOIN numbered AS n ON n.step = told.step CROSS JOIN moment
), heard AS (
    SELECT pg_catalog.pg_notify('headgate', $1::text || ' ' || max(seq)::text), pg_catalog.pg_notify('headgate_run', $1::text)
    FROM told
)
SELECT (asked.body ->> 'decided')::bigint, (SELECT count(*) FROM heard) FROM asked
