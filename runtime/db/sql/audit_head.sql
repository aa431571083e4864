-- The head of the chain of run $1, or of all (NULL), as one JSON object each.
SELECT pg_catalog.json_build_object('run', r.id::text, 'seq', r.last_seq::text, 'hash', pg_catalog.encode(r.head, 'hex'),
                                    'at', headgate.rfc3339(pg_catalog.clock_timestamp()), 'plan', r.plan_name, 'state', r.state)
FROM headgate.run AS r WHERE $1::bigint IS NULL OR r.id = $1::bigint ORDER BY r.id
