-- Open requests of run $1, oldest first.
SELECT pg_catalog.json_build_object('id', id, 'kind', kind, 'body', body, 'asked_by', asked_by, 'via', via)
FROM headgate.request WHERE run = $1::bigint AND handled_at IS NULL ORDER BY id
