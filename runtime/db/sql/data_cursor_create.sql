-- Range $3 of step $2 of run $1: keys above $4 up to $5 (NULL = open).
INSERT INTO headgate.cursor (run, step, range, lower, upper)
VALUES ($1::bigint, $2::text, $3::integer, $4::text[], $5::text[])
