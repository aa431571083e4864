ALTER TABLE campaigns DROP COLUMN data_sources_v2;
ALTER TABLE events DROP COLUMN canonical_event;
