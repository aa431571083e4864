-- How long run $1 worked, waited for people and watched, in us: from its changes of state, in all, and by the part of the
-- plan (the first name of a path) that was last spoken of. Before any was, path is ''.
WITH moments AS (
    SELECT e.seq, e.at, CASE e.type WHEN 'run.state' THEN e.data ->> 'to' END AS state,
           CASE WHEN e.type <> 'run.state' THEN pg_catalog.split_part(e.node, '/', 1) END AS part
    FROM headgate.event AS e
    WHERE e.run = $1::bigint AND e.type IN ('run.state', 'step.state', 'gate.opened', 'rollout.stage')
), counted AS (
    SELECT seq, at, state, part, count(state) OVER (ORDER BY seq) AS states, count(part) OVER (ORDER BY seq) AS parts
    FROM moments
), spans AS (
    SELECT c.seq, pg_catalog.first_value(c.state) OVER (PARTITION BY c.states ORDER BY c.seq) AS state,
           coalesce(pg_catalog.first_value(c.part) OVER (PARTITION BY c.parts ORDER BY c.seq), '') AS part,
           (extract(epoch FROM lead(c.at, 1, coalesce(r.finished_at, pg_catalog.clock_timestamp())) OVER (ORDER BY c.seq) - c.at)
            * 1000000)::bigint AS lasted
    FROM counted AS c JOIN headgate.run AS r ON r.id = $1::bigint
), sums AS (
    SELECT part, min(seq) AS first,
           coalesce(sum(lasted) FILTER (WHERE state IN ('running', 'throttled', 'rolling_back')), 0) AS active_us,
           coalesce(sum(lasted) FILTER (WHERE state IN ('waiting', 'held', 'paused')), 0) AS waiting_us,
           coalesce(sum(lasted) FILTER (WHERE state = 'watching'), 0) AS watching_us
    FROM spans GROUP BY part
)
SELECT pg_catalog.json_build_object(
    'active_us', coalesce(sum(active_us), 0), 'waiting_us', coalesce(sum(waiting_us), 0),
    'watching_us', coalesce(sum(watching_us), 0),
    'part_times', coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('path', part, 'active_us', active_us, 'waiting_us', waiting_us,
                                                                            'watching_us', watching_us) ORDER BY first), '[]'))
FROM sums
