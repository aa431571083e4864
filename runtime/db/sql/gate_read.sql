-- Gate $2 of run $1 with everything that was said about its present digest. gone: how many words about it the chain tells of that
-- have no row any more. ask: somebody wants its evidence looked at again. told: the digest of its newest opening in the chain.
SELECT pg_catalog.row_to_json(x) FROM (
    SELECT g.*, (extract(epoch FROM g.opened_at) * 1000000)::bigint AS opened_us,
           headgate.rfc3339(g.expires_at) AS expires,
           coalesce(g.expires_at <= pg_catalog.clock_timestamp(), false) AS expired,
           coalesce(g.asked_at > coalesce(g.checked_at, g.opened_at), false) AS ask,
           coalesce((SELECT pg_catalog.json_agg(a ORDER BY a.id) FROM headgate.approval AS a
                     WHERE a.run = g.run AND a.gate = g.path AND a.digest = g.digest), '[]') AS approvals,
           (SELECT count(*) FROM headgate.event AS e
            WHERE e.run = g.run AND e.source = 'approval:' || g.path AND e.data ->> 'digest' = g.digest
              AND NOT EXISTS (SELECT FROM headgate.approval AS a
                              WHERE a.id = e.version AND a.run = g.run AND a.gate = g.path AND a.digest = g.digest)) AS gone,
           (SELECT e.data ->> 'digest' FROM headgate.event AS e
            WHERE e.run = g.run AND e.source = 'gate.opened:' || g.path ORDER BY e.version DESC LIMIT 1) AS told
    FROM headgate.gate AS g WHERE g.run = $1::bigint AND g.path = $2::text) AS x
