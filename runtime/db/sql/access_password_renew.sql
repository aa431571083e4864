-- Stores hash $3 of the same password of person $1 that had hash $2, unless it was changed meanwhile.
UPDATE headgate.person SET password = $3::text WHERE name = $1::text AND password = $2::text
