-- The row work of run $1 that is under way here, and how many ranges of it nobody works on: epoch, step, ranges.
SELECT f.epoch, s.path, (SELECT pg_catalog.count(*) FROM headgate.cursor AS c
                         WHERE c.run = s.run AND c.step = s.path AND c.range >= 0 AND NOT c.done AND c.owner IS NULL) AS ranges
FROM headgate.step AS s JOIN headgate.fence AS f ON f.run = s.run
WHERE s.run = $1::bigint AND s.state = 'running' AND s.kind IN ('backfill', 'import')
