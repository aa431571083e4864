-- What every session of ours sets, in one round trip. All values are for the session (false).
--   $1 search_path, $2 lock_timeout, $3 statement_timeout, $4 idle_in_transaction_session_timeout
--   (milliseconds, 0 = none), $5 read_only (on or off)
-- Returns the backend's own process id, to be compared with the one the connection was told.
SELECT pg_catalog.pg_backend_pid(),
       pg_catalog.set_config('search_path', $1, false),
       pg_catalog.set_config('lock_timeout', $2, false),
       pg_catalog.set_config('statement_timeout', $3, false),
       pg_catalog.set_config('idle_in_transaction_session_timeout', $4, false),
       -- a database that is read only by default stays so
       pg_catalog.set_config('default_transaction_read_only',
         CASE WHEN $5 = 'on' THEN 'on' ELSE pg_catalog.current_setting('default_transaction_read_only') END, false),
       pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
       pg_catalog.set_config('default_transaction_deferrable', 'off', false),
       -- never below on: what we report as done must survive a crash. Stronger settings stay.
       pg_catalog.set_config('synchronous_commit',
         CASE WHEN pg_catalog.current_setting('synchronous_commit') IN ('off', 'local')
              THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, false),
       -- a row that a policy hides is an error, not a silent "3 of 10"
       pg_catalog.set_config('row_security', 'off', false),
       -- a machine of ours that lost its power or its network is noticed by the server within about 11 seconds, as we notice it:
       -- by default its backend would keep what it has claimed for two hours (without effect on unix sockets)
       pg_catalog.set_config('tcp_keepalives_idle', '5', false),
       pg_catalog.set_config('tcp_keepalives_interval', '2', false),
       pg_catalog.set_config('tcp_keepalives_count', '3', false),
       pg_catalog.set_config('TimeZone', 'UTC', false),
       pg_catalog.set_config('DateStyle', 'ISO, MDY', false),
       pg_catalog.set_config('IntervalStyle', 'postgres', false),
       pg_catalog.set_config('extra_float_digits', '1', false),
       pg_catalog.set_config('bytea_output', 'hex', false),
       pg_catalog.set_config('client_encoding', 'UTF8', false),
       pg_catalog.set_config('standard_conforming_strings', 'on', false),
       pg_catalog.set_config('quote_all_identifiers', 'off', false),
       -- compiling a short query over the catalogs costs more than running it: 200 ms for the lock queue
       pg_catalog.set_config('jit', 'off', false),
       pg_catalog.set_config('client_min_messages', 'warning', false)
