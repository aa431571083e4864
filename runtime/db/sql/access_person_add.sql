-- Adds person $1 with role $2, unless there is one of that name.
INSERT INTO headgate.person (name, role) VALUES ($1::text, $2::text)
ON CONFLICT (name) DO NOTHING
RETURNING 1
