-- What the connection that writes batches sets besides the session's own settings. lock_timeout stays well below
-- deadlock_timeout: in a deadlock with the application it is our batch that gives up and comes again, never the
-- application's transaction.
SELECT pg_catalog.set_config('jit', 'off', false),
       pg_catalog.set_config('lock_timeout',
           least(nullif(lock.setting::integer, 0), greatest(dead.setting::integer / 4, 10))::text, false)
FROM pg_catalog.pg_settings AS lock, pg_catalog.pg_settings AS dead
WHERE lock.name = 'lock_timeout' AND dead.name = 'deadlock_timeout'
