-- The dumps that steps of the runs $1 made in this database, series by series (database, plan, step), newest first.
SELECT pg_catalog.row_to_json(x) FROM (
    SELECT r.plan, s.path, r.database, s.run, r.ended, s.detail ->> 'file' AS file, s.detail -> 'size_bytes' AS size_bytes,
           s.detail -> 'retain' AS retain,
           pg_catalog.to_char(s.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS taken_at,
           (extract(epoch FROM s.finished_at) * 1000000)::bigint AS taken_us,
           (extract(epoch FROM pg_catalog.now()) * 1000000)::bigint AS now_us
    FROM headgate.step AS s
    JOIN pg_catalog.jsonb_to_recordset($1::jsonb) AS r (run bigint, plan text, ended boolean, database text) ON r.run = s.run
    WHERE s.kind = 'backup' AND s.detail ? 'file' AND s.finished_at IS NOT NULL
    ORDER BY r.plan, s.path, s.finished_at DESC, s.run DESC) AS x
