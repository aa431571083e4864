-- Turns the token with hash $1 into a session with hash $2 and CSRF token $3 that lasts $4 s. A log-in link is used up. The
-- session of an API token lasts no longer than the token, and goes with it.
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
    RETURNING t.person, p.role, CASE t.kind WHEN 'api' THEN t.hash END AS parent,
              CASE t.kind WHEN 'api' THEN t.expires_at ELSE 'infinity' END AS ends_at
), made AS (
    INSERT INTO headgate.token (hash, person, kind, csrf, expires_at, parent)
    SELECT $2::text, person, 'session', $3::text,
           least(ends_at, pg_catalog.now() + pg_catalog.make_interval(secs => $4::double precision)), parent
    FROM given
    RETURNING person, csrf, hash, parent
)
SELECT made.person, given.role, made.csrf, made.hash, made.parent IS NOT NULL FROM made, given
