-- migrate:up
INSERT INTO people VALUES (1, 'Ada');

-- migrate:down
-- nothing
