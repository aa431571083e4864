-- For the connection that walks along keys: an index gives the order, so a plan that sorts the rest of the range for every batch is
-- never right, whatever the statistics say. jit and parallel plans cost more than a batch.
SELECT pg_catalog.set_config('enable_sort', 'off', false), pg_catalog.set_config('jit', 'off', false),
       pg_catalog.set_config('max_parallel_workers_per_gather', '0', false)
