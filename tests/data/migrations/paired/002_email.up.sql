ALTER TABLE people ADD COLUMN email text;
UPDATE people SET email = name || '@example.org';
