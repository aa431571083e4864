-- After copying: the role $1 (NULL = our own) and the search_path $2 of the plan's SQL again.
SELECT pg_catalog.set_config('search_path', $2::text, true),
       CASE WHEN $1::text IS NOT NULL THEN pg_catalog.set_config('role', $1::text, true) END
