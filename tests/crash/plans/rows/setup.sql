-- Rows take their time, and count how often they were written.
CREATE TABLE goods (id int PRIMARY KEY, name text NOT NULL CHECK (name NOT LIKE 'bad%'), times int NOT NULL DEFAULT 0);
CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, label text, times int NOT NULL DEFAULT 0);
INSERT INTO items SELECT g, 'item ' || g FROM generate_series(1, 2500) AS g;
CREATE TABLE shops (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO shops SELECT g, 'shop ' || g FROM generate_series(1, 500) AS g;
CREATE TABLE app (pressure float NOT NULL);
INSERT INTO app VALUES (1);
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.times := NEW.times + 1;
    PERFORM pg_sleep(0.0001);
    RETURN NEW;
END $$;
CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON goods FOR EACH ROW EXECUTE FUNCTION slow();
CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slow();
ANALYZE items;
