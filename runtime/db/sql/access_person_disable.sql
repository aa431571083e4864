-- Disables person $1 and deletes their tokens and sessions.
WITH gone AS (DELETE FROM headgate.token WHERE person = $1::text)
UPDATE headgate.person SET disabled_at = coalesce(disabled_at, pg_catalog.now()) WHERE name = $1::text
RETURNING 1
