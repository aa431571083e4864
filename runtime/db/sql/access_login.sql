-- Turns the token with hash $1 into a session with hash $2 and CSRF token $3 that lasts $4 s. A log-in link is used up.
-- Sessions that have ended are deleted on the way, and the one with hash $5 (NULL: none): a browser has one.
WITH swept AS (
    DELETE FROM headgate.token
    WHERE (kind <> 'api' AND expires_at < pg_catalog.now() - interval '1 day') OR (kind = 'session' AND hash = $5::text)
), given AS (
    UPDATE headgate.token AS t
    SET used_at = pg_catalog.now(), seen_at = pg_catalog.now()
    FROM headgate.person AS p
    WHERE t.hash = $1::text AND p.name = t.person AND p.disabled_at IS NULL AND t.expires_at > pg_catalog.now()
      AND (t.kind = 'api' OR (t.kind = 'once' AND t.used_at IS NULL))
    RETURNING t.person, p.role
), made AS (
    INSERT INTO headgate.token (hash, person, kind, csrf, expires_at)
    SELECT $2::text, person, 'session', $3::text, pg_catalog.now() + pg_catalog.make_interval(secs => $4::double precision)
    FROM given
    RETURNING person, csrf, hash
)
SELECT made.person, given.role, made.csrf, made.hash FROM made, given
