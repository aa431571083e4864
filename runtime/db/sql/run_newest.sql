-- The newest unfinished run, or the newest at all.
SELECT id FROM headgate.run ORDER BY (state IN ('done', 'rolled_back', 'aborted')), id DESC LIMIT 1
