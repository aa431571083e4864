-- The newest 50 runs, newest first.
SELECT pg_catalog.row_to_json(x) FROM (
    SELECT r.id, r.plan_name, r.plan, r.environment, r.database, r.state, r.reason, r.node, r.started_by, r.created_at, r.finished_at,
           l.until > pg_catalog.now() AS alive,
           CASE WHEN r.state IN ('running', 'rolling_back') THEN headgate.waits(r.id) END AS waits
    FROM headgate.run AS r LEFT JOIN headgate.lease AS l ON l.run = r.id ORDER BY r.id DESC LIMIT 50) AS x
