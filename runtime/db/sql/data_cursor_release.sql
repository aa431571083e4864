-- Takes ranges of step $2 of run $1 from worker $3, or from everybody (NULL). Waits for what others are doing to the ranges and then looks:
-- the last COMMIT of a worker that was killed may still be on its way.
WITH ranges AS MATERIALIZED (
    SELECT range, owner FROM headgate.cursor WHERE run = $1::bigint AND step = $2::text AND range >= 0 ORDER BY range FOR UPDATE
)
UPDATE headgate.cursor AS c SET owner = NULL
FROM ranges WHERE c.run = $1::bigint AND c.step = $2::text AND c.range = ranges.range
AND ranges.owner IS NOT NULL AND ($3::text IS NULL OR ranges.owner = $3::text)
