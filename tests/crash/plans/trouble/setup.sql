-- Everything is well: each case breaks one thing.
CREATE TABLE forbidden (id int);
CREATE TABLE needed_by_up (id int);
CREATE TABLE needed_by_down (id int);
CREATE TABLE needed_by_task (id int);
CREATE TABLE items (id int PRIMARY KEY, note text NOT NULL, label text);
INSERT INTO items SELECT g, 'fine' FROM generate_series(1, 5) AS g;
