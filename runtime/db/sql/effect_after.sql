-- After the plan's SQL: back to our own role and search_path, and the transaction's id again.
RESET ROLE;
SET LOCAL search_path = pg_catalog;
SELECT pg_catalog.pg_current_xact_id()::text
