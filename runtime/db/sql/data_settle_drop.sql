-- The orphans $3 (array literals) of step $2 of run $1 have become rows: the ranges that hold them count them so.
WITH gone AS (
    DELETE FROM headgate.queued_row AS q USING pg_catalog.unnest($3::text[]) AS i(key)
    WHERE q.run = $1::bigint AND q.step = $2::text AND q.key = i.key::text[]
    RETURNING q.key[1] AS file, q.key[2]::bigint AS byte
), counted AS (
    SELECT c.range, pg_catalog.count(*) AS orphans
    FROM gone AS g JOIN headgate.cursor AS c
      ON c.run = $1::bigint AND c.step = $2::text AND c.lower[1] = g.file
     AND c.range = (SELECT pg_catalog.max(k.range) FROM headgate.cursor AS k
                    WHERE k.run = $1::bigint AND k.step = $2::text AND k.lower[1] = g.file
                      AND k.lower[2]::bigint <= g.byte)
    GROUP BY c.range
)
UPDATE headgate.cursor AS c
SET rows_queued = c.rows_queued - n.orphans, rows_changed = c.rows_changed + n.orphans
FROM counted AS n WHERE c.run = $1::bigint AND c.step = $2::text AND c.range = n.range
