-- The hash of the password of person $1, who may log in.
SELECT password FROM headgate.person WHERE name = $1::text AND disabled_at IS NULL AND password IS NOT NULL
