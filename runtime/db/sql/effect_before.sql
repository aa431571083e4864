-- Before the plan's SQL in an effect's transaction: $1 lock timeout in ms, $2 role or NULL, $3 search_path. Returns the transaction's id and,
-- third, as whom it goes on.
SELECT pg_catalog.pg_current_xact_id()::text,
       CASE WHEN $2::text IS NOT NULL THEN pg_catalog.set_config('role', $2::text, true) END,
       current_user,
       pg_catalog.set_config('lock_timeout', $1::text, true),
       pg_catalog.set_config('search_path', $3::text, true)
