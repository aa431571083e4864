-- The chains of run $1, or of all (NULL): run, number of its newest event, its head, its genesis (both hexadecimal), whether its events
-- were pruned, whether it rests. The genesis is computed here, not by a function of the database (headgate.genesis() says what is in it).
SELECT r.id, r.last_seq, pg_catalog.encode(r.head, 'hex'),
       pg_catalog.encode(pg_catalog.sha256('\x01'::bytea || pg_catalog.convert_to(pg_catalog.jsonb_build_array(
           r.id, r.plan, r.plan_name, r.environment, r.params, r.config, r.started_by,
           pg_catalog.to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
           p.name, pg_catalog.encode(pg_catalog.sha256(p.bytes), 'hex'), p.graph,
           pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(p.graph_text, 'UTF8')), 'hex'), p.graph_hash,
           p.language, p.registered_by)::text, 'UTF8')), 'hex'),
       r.state IN ('done', 'rolled_back', 'aborted') AND NOT EXISTS (SELECT FROM headgate.event AS e WHERE e.run = r.id),
       r.state IN ('done', 'rolled_back', 'aborted', 'failed', 'paused', 'rollback_blocked')
FROM headgate.run AS r JOIN headgate.plan AS p ON p.hash = r.plan
WHERE $1::bigint IS NULL OR r.id = $1::bigint
ORDER BY r.id
