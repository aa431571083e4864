-- A page of the review queue of run $1 (TARGET): $2 state, $3 step, $4 reason (NULL = all); after the row with step $5 and key
-- $6 (NULL = from the start); at most $7. What stands under '' in before is no column: data_queue_lock.
SELECT pg_catalog.json_build_object(
    'step', step, 'key', key, 'kind', kind, 'reason', reason, 'choices', coalesce(choices, '[]'), 'before', before - '',
    'state', state, 'queued_at', headgate.rfc3339(queued_at), 'settled_at', headgate.rfc3339(settled_at))
FROM headgate.queued_row
WHERE run = $1::bigint AND ($2::text IS NULL OR state = $2::text) AND ($3::text IS NULL OR step = $3::text)
  AND ($4::text IS NULL OR reason = $4::text)
  AND ($5::text IS NULL OR (step, key) > ($5::text, $6::text[]))
ORDER BY step, key LIMIT $7::integer
