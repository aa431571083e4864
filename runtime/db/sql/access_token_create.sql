-- Stores a token by its hash $1 for person $2: $3 kind, $4 label, lasts $5 us. No row: no such person.
INSERT INTO headgate.token (hash, person, kind, label, expires_at)
SELECT $1::text, p.name, $3::text, $4::text, pg_catalog.now() + $5::bigint * interval '1 microsecond'
FROM headgate.person AS p WHERE p.name = $2::text AND p.disabled_at IS NULL
RETURNING 1
