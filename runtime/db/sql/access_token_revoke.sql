-- Deletes the token whose hash begins with $1, if there is just one. How many begin so.
WITH named AS (
    SELECT hash FROM headgate.token WHERE kind <> 'session' AND pg_catalog.starts_with(hash, $1::text)
), gone AS (
    DELETE FROM headgate.token WHERE hash IN (SELECT hash FROM named) AND (SELECT count(*) FROM named) = 1
)
SELECT (SELECT count(*) FROM named), pg_catalog.pg_notify('headgate_access', '')
