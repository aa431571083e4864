-- The last result of each check and verify of run $1.
SELECT pg_catalog.json_build_object('path', node, 'at', headgate.rfc3339(at), 'result', data) FROM (
    SELECT DISTINCT ON (node) node, at, data, seq FROM headgate.event
    WHERE run = $1::bigint AND type = 'check.result' ORDER BY node, seq DESC) AS x
ORDER BY seq
