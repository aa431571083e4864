-- What people asked of run $1.
SELECT pg_catalog.json_build_object('kind', kind, 'asked_by', asked_by, 'asked_at', headgate.rfc3339(asked_at),
    'why', coalesce(body ->> 'why', ''), 'handled_at', headgate.rfc3339(handled_at), 'outcome', outcome)
FROM headgate.request WHERE run = $1::bigint ORDER BY id
