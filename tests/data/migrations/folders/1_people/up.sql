CREATE SCHEMA shop;
CREATE TABLE shop.people (id integer PRIMARY KEY, name text NOT NULL);
