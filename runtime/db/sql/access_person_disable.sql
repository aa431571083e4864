-- Disables person $1 and deletes their password, tokens and sessions.
WITH gone AS (DELETE FROM headgate.token WHERE person = $1::text)
UPDATE headgate.person SET disabled_at = coalesce(disabled_at, pg_catalog.now()), password = NULL, password_at = NULL
WHERE name = $1::text
RETURNING pg_catalog.pg_notify('headgate_access', name)
