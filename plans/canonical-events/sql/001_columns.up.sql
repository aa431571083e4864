-- Nullable and without a default: no rewrite, only a short lock. lz4, because pglz is a third of the server's
-- time when a column of this size is filled.
ALTER TABLE events ADD COLUMN canonical_event jsonb COMPRESSION lz4;
ALTER TABLE campaigns ADD COLUMN data_sources_v2 jsonb COMPRESSION lz4;

COMMENT ON COLUMN events.canonical_event IS 'one form for the events of every provider; payload is event_data';
COMMENT ON COLUMN campaigns.data_sources_v2 IS 'the data sources of the campaign: [{integration_id, provider, filters}]';
