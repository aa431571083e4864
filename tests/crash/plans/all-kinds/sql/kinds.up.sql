CREATE TABLE kinds (kind text PRIMARY KEY);
CREATE INDEX items_kind ON items (kind);
