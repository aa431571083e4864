-- Gate $2 of run $1 with the approvals of its present digest.
SELECT pg_catalog.row_to_json(x) FROM (
    SELECT g.*, (extract(epoch FROM g.opened_at) * 1000000)::bigint AS opened_us,
           headgate.rfc3339(g.expires_at) AS expires,
           coalesce(g.expires_at <= pg_catalog.clock_timestamp(), false) AS expired,
           coalesce((SELECT pg_catalog.json_agg(a ORDER BY a.id) FROM headgate.approval AS a
                     WHERE a.run = g.run AND a.gate = g.path AND a.digest = g.digest), '[]') AS approvals
    FROM headgate.gate AS g WHERE g.run = $1::bigint AND g.path = $2::text) AS x
