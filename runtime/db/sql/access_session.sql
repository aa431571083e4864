-- A session with hash $2 and CSRF token $3 that lasts $4 s, for person $1, whose identity somebody else has proven: their
-- password still has hash $5 (NULL: it was no password). The session with hash $6 (NULL: none) ends: a browser has one.
WITH swept AS (
    DELETE FROM headgate.token
    WHERE (kind <> 'api' AND expires_at < pg_catalog.now() - interval '1 day') OR (kind = 'session' AND hash = $6::text)
), made AS (
    INSERT INTO headgate.token (hash, person, kind, csrf, expires_at)
    SELECT $2::text, name, 'session', $3::text, pg_catalog.now() + pg_catalog.make_interval(secs => $4::double precision)
    FROM headgate.person
    WHERE name = $1::text AND disabled_at IS NULL AND ($5::text IS NULL OR password = $5::text)
    RETURNING person, csrf, hash
)
SELECT made.person, p.role, made.csrf, made.hash, false FROM made JOIN headgate.person AS p ON p.name = made.person
