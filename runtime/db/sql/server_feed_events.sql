-- Events of run $1 after seq $2 up to $3 as messages, and when they happened, at most $4.
SELECT seq, pg_catalog.json_build_object('t', 'event', 'run', run::text, 'seq', seq::text, 'at', headgate.rfc3339(at),
                                         'type', type, 'node', node, 'data', data)::text, headgate.rfc3339(at)
FROM headgate.event WHERE run = $1::bigint AND seq > $2::bigint AND seq <= $3::bigint
ORDER BY seq LIMIT $4::bigint
