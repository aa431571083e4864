-- How far the statement of backend $1 is and who it waits for, as one object; no row when the backend is gone.
SELECT pg_catalog.jsonb_build_object(
    'phase', coalesce(p.phase, CASE WHEN a.wait_event_type = 'Lock' THEN 'waiting for a lock' ELSE 'running' END),
    'unit', CASE WHEN p.phase LIKE 'waiting%' THEN 'transactions' WHEN p.tuples_total > 0 THEN 'rows' ELSE 'blocks' END,
    'done', CASE WHEN p.phase LIKE 'waiting%' THEN p.lockers_done WHEN p.tuples_total > 0 THEN p.tuples_done
                 ELSE p.blocks_done END,
    'total', CASE WHEN p.phase LIKE 'waiting%' THEN p.lockers_total WHEN p.tuples_total > 0 THEN p.tuples_total
                  ELSE nullif(p.blocks_total, 0) END,
    'building', p.pid IS NOT NULL AND a.state = 'active',
    'running_s', floor(extract(epoch FROM pg_catalog.clock_timestamp() - a.query_start))::bigint,
    'waits_for', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                      'pid', b.pid, 'user', b.usename, 'application', b.application_name, 'state', b.state,
                      'for_s', floor(extract(epoch FROM pg_catalog.clock_timestamp() - b.xact_start))::bigint,
                      'query', pg_catalog.left(b.query, 200)) ORDER BY b.xact_start, b.pid), '[]')
                  FROM pg_catalog.pg_stat_activity AS b
                  WHERE b.pid = ANY (pg_catalog.pg_blocking_pids(a.pid)) OR b.pid = p.current_locker_pid))
FROM pg_catalog.pg_stat_activity AS a
LEFT JOIN pg_catalog.pg_stat_progress_create_index AS p ON p.pid = a.pid
WHERE a.pid = $1::integer
