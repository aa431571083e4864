ALTER TABLE events VALIDATE CONSTRAINT events_canonical;
ALTER TABLE events ALTER COLUMN canonical_event SET NOT NULL;
ALTER TABLE events DROP CONSTRAINT events_canonical;
