-- All runs, for the backups that their steps made: one JSON array, the parameter of backup_list.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'run', r.id, 'plan', r.plan_name, 'ended', r.state IN ('done', 'rolled_back', 'aborted'),
    'system_identifier', r.system_identifier, 'database', r.database) ORDER BY r.id), '[]')
FROM headgate.run AS r
