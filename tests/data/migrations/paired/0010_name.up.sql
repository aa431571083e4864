-- outside a transaction, as only this statement can be
CREATE INDEX CONCURRENTLY people_name ON people (name);
