-- Reasons of the open rows of step $2 of run $1, most rows first.
SELECT pg_catalog.json_build_object('kind', kind, 'reason', reason, 'count', count(*))
FROM headgate.queued_row WHERE run = $1::bigint AND step = $2::text AND state = 'open' AND kind <> 'skip'
GROUP BY kind, reason ORDER BY count(*) DESC, reason LIMIT 50
