-- Gives person $1 the password with hash $2. Their sessions end.
WITH ended AS (
    DELETE FROM headgate.token WHERE person = $1::text AND kind = 'session'
)
UPDATE headgate.person SET password = $2::text, password_at = pg_catalog.now()
WHERE name = $1::text AND disabled_at IS NULL
RETURNING pg_catalog.pg_notify('headgate_access', name)
