-- The search_path that this role has in this database by itself. A role called headgate has "$user" taken out: that would be our own
-- schema, and the plan's objects do not belong there.
SELECT CASE WHEN current_user = 'headgate'
            THEN coalesce(nullif(pg_catalog.regexp_replace(reset_val, '"?\$user"?\s*(,\s*)?', ''), ''), 'public')
            ELSE reset_val END
FROM pg_catalog.pg_settings WHERE name = 'search_path'
