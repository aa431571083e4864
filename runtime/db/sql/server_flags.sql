-- The flags and weights that rollouts set, by environment and database: for each the newest run whose plan has it, and what that run set
-- last. percent is null when it has not set it yet. A plan's graph is read once, however many runs it has.
WITH rollout AS MATERIALIZED (
    SELECT p.hash, part ->> 'name' AS flag, part ->> 'path' AS path,
           coalesce(part #>> '{keys,traffic,$}', part #>> '{keys,flag,$}', 'flag') AS kind
    FROM headgate.plan AS p CROSS JOIN LATERAL pg_catalog.jsonb_path_query(p.graph, 'strict $.** ? (@.kind == "rollout")') AS part
), newest AS (
    SELECT DISTINCT ON (r.environment, r.system_identifier, r.database, o.flag)
           r.id, r.environment, r.database, r.plan_name, r.state, o.flag, o.path, o.kind
    FROM headgate.run AS r JOIN rollout AS o ON o.hash = r.plan
    ORDER BY r.environment, r.system_identifier, r.database, o.flag, r.id DESC
)
SELECT pg_catalog.json_build_object(
    'flag', n.flag, 'kind', n.kind, 'environment', n.environment, 'database', n.database, 'run', n.id::text, 'plan', n.plan_name,
    'state', n.state, 'path', n.path, 'percent', told.data -> 'percent', 'enabled', told.data -> 'enabled', 'at', headgate.rfc3339(told.at))
FROM newest AS n
LEFT JOIN LATERAL (
    SELECT e.at, e.data FROM headgate.event AS e
    WHERE e.run = n.id AND e.type = 'rollout.flag' AND e.node = n.path ORDER BY e.seq DESC LIMIT 1) AS told ON true
ORDER BY n.environment, n.flag, n.database
