-- Sets enable_sort to $1 and jit to $2 for the rest of the transaction; gives what they were.
SELECT pg_catalog.current_setting('enable_sort') AS sort, pg_catalog.current_setting('jit') AS jit,
       pg_catalog.set_config('enable_sort', $1::text, true), pg_catalog.set_config('jit', $2::text, true)
