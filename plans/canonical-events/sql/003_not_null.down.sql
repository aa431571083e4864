ALTER TABLE events ALTER COLUMN canonical_event DROP NOT NULL;
ALTER TABLE events ADD CONSTRAINT events_canonical CHECK (canonical_event IS NOT NULL) NOT VALID;
