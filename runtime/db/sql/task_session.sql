-- The session of a task without a transaction: the plan's SQL finds its names ($1 search_path) and has its rights ($2 role or NULL).
SELECT pg_catalog.set_config('search_path', $1::text, false),
       CASE WHEN $2::text IS NOT NULL THEN pg_catalog.set_config('role', $2::text, false) END
