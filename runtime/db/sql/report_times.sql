-- How long run $1 was in each state, in seconds.
SELECT pg_catalog.json_build_object('state', state, 'seconds', round(sum(seconds)::numeric, 3)) FROM (
    SELECT data ->> 'to' AS state,
           extract(epoch FROM coalesce(pg_catalog.lead(at) OVER (ORDER BY seq), pg_catalog.clock_timestamp()) - at) AS seconds
    FROM headgate.event WHERE run = $1::bigint AND type = 'run.state') AS spans
WHERE state NOT IN ('done', 'rolled_back', 'aborted', 'failed', 'paused')
GROUP BY state ORDER BY state
