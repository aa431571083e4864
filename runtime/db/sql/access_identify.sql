-- Who the session or API token with hash $1 belongs to; sessions end after $2 idle seconds. seen_at moves once a minute.
-- Last: whether it is a session that was made of an API token.
WITH found AS (
    SELECT t.hash, t.person, p.role, t.csrf, t.seen_at, t.parent
    FROM headgate.token AS t JOIN headgate.person AS p ON p.name = t.person
    WHERE t.hash = $1::text AND p.disabled_at IS NULL AND t.expires_at > pg_catalog.now()
      AND (t.kind = 'api' OR (t.kind = 'session'
           AND t.seen_at > pg_catalog.now() - pg_catalog.make_interval(secs => $2::double precision)))
), seen AS (
    UPDATE headgate.token AS t SET seen_at = pg_catalog.now()
    FROM found WHERE t.hash = found.hash AND found.seen_at < pg_catalog.now() - interval '1 minute'
)
SELECT person, role, csrf, hash, parent IS NOT NULL FROM found
