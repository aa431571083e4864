-- For the connection that writes batches.
SELECT pg_catalog.set_config('jit', 'off', false)
