-- Version 2 of the schema headgate: a session knows the API token that it was made of, and is deleted with it. Which of those
-- that are there were made of one is not known: all of them end, and people log in again.
ALTER TABLE headgate.token ADD COLUMN parent text REFERENCES headgate.token (hash) ON DELETE CASCADE;
CREATE INDEX token_by_parent ON headgate.token (parent) WHERE parent IS NOT NULL;
DELETE FROM headgate.token WHERE kind = 'session';

INSERT INTO headgate.version (version) VALUES (2);
