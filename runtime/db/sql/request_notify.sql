-- Wakes the runner of run $1.
SELECT pg_catalog.pg_notify('headgate_run', $1::text)
