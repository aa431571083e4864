-- The newest version told for each source of run $1.
SELECT coalesce(pg_catalog.json_object_agg(x.source, x.version), '{}') FROM (
    SELECT source, max(version) AS version FROM headgate.event
    WHERE run = $1::bigint AND type = 'step.state' GROUP BY source) AS x
