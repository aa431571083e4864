-- After the plan's SQL: back to our own search_path, and the transaction's id again. Every name is qualified: the plan's search_path still holds.
SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text, pg_catalog.set_config('search_path', 'pg_catalog', true)
