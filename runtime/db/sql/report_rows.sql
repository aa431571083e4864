-- Rows that the data steps of run $1 changed, left as they were and put into the queue, and those their undo restored (TARGET).
SELECT pg_catalog.json_build_object(
    'path', step,
    'changed', coalesce(sum(rows_changed) FILTER (WHERE range >= 0), 0),
    'skipped', coalesce(sum(rows_skipped) FILTER (WHERE range >= 0), 0),
    'queued', coalesce(sum(rows_queued) FILTER (WHERE range >= 0), 0),
    'restored', coalesce(sum(rows_changed) FILTER (WHERE range < 0), 0))
FROM headgate.cursor WHERE run = $1::bigint GROUP BY step ORDER BY step
