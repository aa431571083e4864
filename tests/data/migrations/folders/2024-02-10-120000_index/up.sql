CREATE INDEX people_name ON shop.people (name);
