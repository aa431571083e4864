-- The head of run $1 as JSON.
SELECT pg_catalog.row_to_json(x) FROM (
    SELECT r.*, p.registered_by AS author, p.language, p.graph_hash, l.epoch, l.owner, l.until > pg_catalog.now() AS alive,
           CASE WHEN r.state IN ('running', 'rolling_back') THEN headgate.waits(r.id) END AS waits,
           CASE WHEN r.state = 'waiting' THEN (SELECT g.digest FROM headgate.gate AS g
                                               WHERE g.run = r.id AND g.path = r.reason ->> 'path' AND g.state = 'open') END AS gate_digest
    FROM headgate.run AS r JOIN headgate.plan AS p ON p.hash = r.plan LEFT JOIN headgate.lease AS l ON l.run = r.id
    WHERE r.id = $1::bigint) AS x
