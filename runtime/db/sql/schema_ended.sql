-- The runs (an array) on database $3 of server $2 that ended more than $1 days ago.
SELECT coalesce(pg_catalog.array_agg(id), '{}') FROM headgate.run
WHERE state IN ('done', 'rolled_back', 'aborted') AND system_identifier = $2::text AND database = $3::text
  AND finished_at < pg_catalog.now() - pg_catalog.make_interval(days => $1::integer)
