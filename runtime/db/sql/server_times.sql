-- How long run $1 worked, waited for people and watched, from its changes of state, in us.
SELECT pg_catalog.json_build_object(
    'active_us', coalesce(sum(lasted) FILTER (WHERE state IN ('running', 'throttled', 'rolling_back')), 0),
    'waiting_us', coalesce(sum(lasted) FILTER (WHERE state IN ('waiting', 'held', 'paused')), 0),
    'watching_us', coalesce(sum(lasted) FILTER (WHERE state = 'watching'), 0))
FROM (
    SELECT e.data ->> 'to' AS state,
           (extract(epoch FROM lead(e.at, 1, coalesce(r.finished_at, pg_catalog.clock_timestamp())) OVER (ORDER BY e.seq) - e.at)
            * 1000000)::bigint AS lasted
    FROM headgate.event AS e JOIN headgate.run AS r ON r.id = e.run
    WHERE e.run = $1::bigint AND e.type = 'run.state') AS x
