-- Open rows of the review queues of runs $1, as {"run": {count, step, since}} (TARGET).
SELECT coalesce(pg_catalog.json_object_agg(run, pg_catalog.json_build_object('count', count, 'step', step, 'since', since)), '{}')
FROM (
    SELECT run, count(*) AS count, min(step) AS step, headgate.rfc3339(min(queued_at)) AS since
    FROM headgate.queued_row WHERE run = ANY ($1::bigint[]) AND state = 'open' AND kind <> 'skip'
    GROUP BY run) AS x
