-- How many nodes of the runs $1 are done, as {"run": count} (TARGET).
SELECT coalesce(pg_catalog.json_object_agg(run, done), '{}') FROM (
    SELECT run, count(*) AS done FROM headgate.step
    WHERE run = ANY ($1::bigint[]) AND state IN ('done', 'skipped') AND path <> ''
      AND kind NOT IN ('plan', 'phase', 'rollout')
    GROUP BY run) AS x
