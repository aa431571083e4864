-- What the state database knows of rollout $2 of run $1: windows by stage, how long the run's environment watches each
-- percentage, the newest samples by guard, the newest verdicts.
SELECT pg_catalog.json_build_object(
    'watch_us', (SELECT r.config -> 'watch_us' FROM headgate.run AS r WHERE r.id = $1::bigint),
    'watches', coalesce((
        SELECT pg_catalog.json_object_agg(w.stage, pg_catalog.json_build_object(
                   'window_us', w.window_us, 'counted_us', w.counted_us, 'left_us', greatest(w.window_us - w.counted_us, 0),
                   'opened_at', headgate.rfc3339(w.opened_at), 'closed_at', headgate.rfc3339(w.closed_at), 'advanced', w.advanced))
        FROM headgate.watch AS w WHERE w.run = $1::bigint AND pg_catalog.starts_with(w.stage, $2::text || '/')), '{}'),
    'samples', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object('guard', x.guard, 'points', x.points) ORDER BY x.guard)
        FROM (SELECT s.guard, pg_catalog.json_agg(
                         pg_catalog.json_build_array(headgate.rfc3339(s.at), s.value, s.verdict) ORDER BY s.at) AS points
              FROM (SELECT *, row_number() OVER (PARTITION BY guard ORDER BY at DESC) AS age
                    FROM headgate.sample
                    WHERE run = $1::bigint AND pg_catalog.starts_with(stage, $2::text || '/')) AS s
              WHERE s.age <= 240 GROUP BY s.guard) AS x), '[]'),
    'last', (
        SELECT pg_catalog.json_build_object('at', headgate.rfc3339(e.at), 'guards', e.data -> 'guards')
        FROM headgate.event AS e
        WHERE e.run = $1::bigint AND e.type = 'rollout.sample' AND pg_catalog.starts_with(e.node, $2::text || '/')
        ORDER BY e.seq DESC LIMIT 1))
