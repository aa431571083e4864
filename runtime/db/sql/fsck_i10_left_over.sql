-- I10, in the database: a run that ended has no connection, and left no INVALID index that its steps name.
SELECT r.run, '', 'process ' || a.pid || ' still works for it as ' || a.application_name
FROM pg_stat_activity AS a JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, ended boolean, settled boolean)
    ON starts_with(a.application_name, 'headgate:' || r.run || ':')
WHERE r.ended AND r.settled AND a.datname = current_database()
UNION ALL
SELECT s.run, s.path, 'it left the INVALID index ' || i.indexrelid::regclass::text
FROM headgate.step AS s
JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, ended boolean) ON r.run = s.run
JOIN pg_index AS i ON NOT i.indisvalid
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE r.ended AND s.detail::text LIKE '%"' || replace(replace(replace(c.relname, '\', '\\'), '_', '\_'), '%', '\%') || '"%'
