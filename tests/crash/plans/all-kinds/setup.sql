-- What the plan finds: 240 items, the flag, some shops, an empty tally, and a table for what stands in data/.
CREATE TABLE items (id bigint PRIMARY KEY, kind text NOT NULL, name text NOT NULL, price numeric(10, 2) NOT NULL, note text NOT NULL);
CREATE TABLE flags (name text PRIMARY KEY, percent numeric NOT NULL DEFAULT 0, enabled boolean NOT NULL DEFAULT false);
CREATE TABLE tally (kind text PRIMARY KEY, items bigint NOT NULL);
CREATE TABLE shops (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE goods (id int PRIMARY KEY, kind text CHECK (kind LIKE 'kind _'), mark text, part_of int REFERENCES goods);
INSERT INTO items SELECT g, 'kind ' || g % 5, 'item ' || g, g * 1.25, 'note ' || g FROM generate_series(1, 240) AS g;
UPDATE items SET name = 'odd one' WHERE id = 77;
UPDATE items SET note = 'leave me' WHERE id = 99;
INSERT INTO flags VALUES ('new_labels');
INSERT INTO shops SELECT g, 'shop ' || g FROM generate_series(1, 50) AS g;
