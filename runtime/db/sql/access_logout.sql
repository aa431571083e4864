-- Ends the session with hash $1.
DELETE FROM headgate.token WHERE hash = $1::text AND kind = 'session'
RETURNING pg_catalog.pg_notify('headgate_access', person)
