CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO people SELECT i, 'person ' || i FROM generate_series(1, 20) AS i;
