-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY people_name ON people (name);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY people_name;
