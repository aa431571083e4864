-- Decisions about rows of step $2 of run $1; each as text, whose numbers no parser of ours has changed.
SELECT pg_catalog.json_build_object('key', key, 'decision', decision::text, 'decided_by', decided_by, 'decided_at', decided_at)
FROM headgate.decision WHERE run = $1::bigint AND step = $2::text ORDER BY decided_at, key
