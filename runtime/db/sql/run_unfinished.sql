-- The unfinished run of plan $1 on database $3 of server $2.
SELECT id, state FROM headgate.run
WHERE plan_name = $1::text AND system_identifier = $2::text AND database = $3::text
  AND state NOT IN ('done', 'rolled_back', 'aborted')
