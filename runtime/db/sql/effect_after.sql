-- After the plan's SQL: back to our own search_path, and what effect_before.sql returned again. Every name is qualified: the plan's search_path
-- still holds.
SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text, pg_catalog.set_config('search_path', 'pg_catalog', true), current_user
