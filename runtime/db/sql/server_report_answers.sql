-- Manual steps and check-list boxes of run $1 that people said are done.
SELECT pg_catalog.json_build_object('path', path, 'item', item, 'note', note, 'by', by, 'at', headgate.rfc3339(at))
FROM headgate.answer WHERE run = $1::bigint ORDER BY at, path, item
