-- What webhook $2 of environment $1 is to be told next, of several runs: the first event of each behind what it knows that is of the
-- kinds $3. Nobody else takes it for $4 ms; events in between are passed over. json: key, kind, run, plan, seq, at, type, node, data, hash.
WITH due AS (
    SELECT n.run, n.seq, r.last_seq, r.plan_name
    FROM headgate.notice AS n JOIN headgate.run AS r ON r.id = n.run
    WHERE n.environment = $1::text AND n.name = $2::text AND n.seq < r.last_seq AND n.next_at <= pg_catalog.clock_timestamp()
    ORDER BY n.next_at, n.run LIMIT 16 FOR UPDATE OF n SKIP LOCKED
), kinds AS (
    SELECT pg_catalog.array_agg(value) AS wanted FROM pg_catalog.jsonb_array_elements_text($3::jsonb)
), found AS (
    SELECT d.run, d.plan_name, x.*
    FROM due AS d CROSS JOIN LATERAL (
        SELECT e.seq, e.at, e.type, e.node, e.data, e.hash, k.kind
        FROM headgate.event AS e CROSS JOIN LATERAL (SELECT CASE
            WHEN e.type = 'gate.opened' THEN 'gate'
            WHEN e.type = 'budget.over' THEN 'breach'
            WHEN e.type <> 'run.state' THEN NULL
            WHEN e.data ->> 'to' IN ('done', 'rolled_back') THEN 'done'
            WHEN e.data ->> 'to' IN ('failed', 'rollback_blocked', 'aborted') THEN 'failure'
            WHEN e.data ->> 'to' IN ('held', 'rolling_back') THEN CASE
                WHEN e.data #>> '{reason,kind}' IN ('guard', 'no_data', 'budget') THEN 'breach'
                WHEN e.data ->> 'to' = 'held' OR e.data #>> '{reason,kind}' IN ('failed', 'gate') THEN 'failure' END
            END AS kind) AS k
        WHERE e.run = d.run AND e.seq > d.seq AND k.kind = ANY ((SELECT wanted FROM kinds)::text[])
        ORDER BY e.seq LIMIT 1) AS x
), moved AS (
    UPDATE headgate.notice AS n
    SET seq = coalesce((SELECT f.seq - 1 FROM found AS f WHERE f.run = d.run), d.last_seq),
        next_at = CASE WHEN EXISTS (SELECT FROM found AS f WHERE f.run = d.run)
                       THEN pg_catalog.clock_timestamp() + $4::bigint * interval '1 millisecond' ELSE n.next_at END
    FROM due AS d WHERE n.environment = $1::text AND n.name = $2::text AND n.run = d.run
)
SELECT pg_catalog.json_build_object(
    'key', f.run::text || '-' || f.seq::text || '-' || pg_catalog.substr(pg_catalog.encode(f.hash, 'hex'), 1, 12),
    'kind', f.kind, 'run', f.run::text, 'plan', f.plan_name, 'seq', f.seq::text, 'at', headgate.rfc3339(f.at), 'type', f.type,
    'node', f.node, 'data', f.data, 'hash', pg_catalog.encode(f.hash, 'hex'))
FROM found AS f ORDER BY f.run
