-- The search_path that this role has in this database by itself.
SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'search_path'
