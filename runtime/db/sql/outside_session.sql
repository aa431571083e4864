-- What the session that runs statements outside transactions sets: $1 search_path, $2 role (NULL = its own). A build
-- goes on without its client, so that a successor can adopt it.
SELECT pg_catalog.set_config('search_path', $1::text, false),
       (SELECT pg_catalog.set_config(s.name, '0', false) FROM pg_catalog.pg_settings AS s
         WHERE s.name = 'client_connection_check_interval'),
       CASE WHEN $2::text IS NOT NULL THEN pg_catalog.set_config('role', $2::text, false) END
