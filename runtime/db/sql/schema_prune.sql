-- Deletes events of runs that ended more than $1 days ago.
DELETE FROM headgate.event AS e USING headgate.run AS r
WHERE r.id = e.run AND r.state IN ('done', 'rolled_back', 'aborted')
  AND r.finished_at < pg_catalog.now() - pg_catalog.make_interval(days => $1::integer)
