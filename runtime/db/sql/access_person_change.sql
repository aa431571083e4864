-- Gives person $1 role $2 and enables them.
UPDATE headgate.person SET role = $2::text, disabled_at = NULL WHERE name = $1::text
RETURNING pg_catalog.pg_notify('headgate_access', name)
