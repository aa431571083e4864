-- Events of run $1 after seq $2, at most $3, oldest first.
SELECT pg_catalog.json_build_object('seq', seq, 'at', at, 'type', type, 'node', node, 'data', data)
FROM headgate.event WHERE run = $1::bigint AND seq > $2::bigint ORDER BY seq LIMIT $3::integer
