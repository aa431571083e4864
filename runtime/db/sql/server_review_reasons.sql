-- Reasons in the review queue of run $1 with their counts (TARGET): $2 state or NULL. The 200 most frequent.
SELECT pg_catalog.json_build_object('step', step, 'kind', kind, 'reason', reason, 'count', count(*))
FROM headgate.queued_row WHERE run = $1::bigint AND ($2::text IS NULL OR state = $2::text)
GROUP BY step, kind, reason ORDER BY count(*) DESC, step, kind, reason LIMIT 200
