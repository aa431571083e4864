-- Old values $3 (array literals) of step $2 of run $1 have been dealt with.
DELETE FROM headgate.old_value AS o USING pg_catalog.unnest($3::text[]) AS done(key)
WHERE o.run = $1::bigint AND o.step = $2::text AND o.key = done.key::text[]
