-- Ends the ranges of step $2 of run $1, which is about to be undone: no worker can claim one or move its cursor any more. Waits for the
-- moves that are under way, so that what they wrote is there to be undone.
WITH ranges AS MATERIALIZED (
    SELECT range FROM headgate.cursor WHERE run = $1::bigint AND step = $2::text AND range >= 0 AND NOT done ORDER BY range FOR UPDATE
)
UPDATE headgate.cursor AS c SET done = true, owner = NULL
FROM ranges WHERE c.run = $1::bigint AND c.step = $2::text AND c.range = ranges.range
