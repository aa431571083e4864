-- Nodes of run $1 that have begun, in start order (TARGET).
SELECT pg_catalog.json_build_object('path', path, 'kind', kind, 'state', state, 'attempt', attempt,
    'started_at', headgate.rfc3339(started_at), 'finished_at', headgate.rfc3339(finished_at), 'detail', detail, 'error', error)
FROM headgate.step WHERE run = $1::bigint AND path <> '' ORDER BY start_order
