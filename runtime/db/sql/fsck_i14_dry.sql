-- I14: no session of a dry run has written. What one did before is gone with its session: headgate plan itself looks then.
-- $1 (the runs) is not needed.
SELECT NULL::bigint, '', 'session ' || a.pid || ' of a dry run writes: it has transaction id ' || a.backend_xid
FROM pg_stat_activity AS a
WHERE $1::jsonb IS NOT NULL AND a.application_name = 'headgate plan' AND a.backend_xid IS NOT NULL
ORDER BY a.pid
