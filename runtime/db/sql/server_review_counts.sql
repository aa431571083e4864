-- How many rows of the review queue of run $1 are open, applied, skipped (TARGET).
SELECT pg_catalog.json_build_object(
    'open', count(*) FILTER (WHERE state = 'open'), 'applied', count(*) FILTER (WHERE state = 'applied'),
    'skipped', count(*) FILTER (WHERE state = 'skipped'))
FROM headgate.queued_row WHERE run = $1::bigint
