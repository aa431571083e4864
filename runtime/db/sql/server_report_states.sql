-- The states run $1 went through.
SELECT pg_catalog.json_build_object('at', headgate.rfc3339(at), 'from', data ->> 'from', 'to', data ->> 'to', 'why', data ->> 'why',
                                    'node', node)
FROM headgate.event WHERE run = $1::bigint AND type = 'run.state' ORDER BY seq
