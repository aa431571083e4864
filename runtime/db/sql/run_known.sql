-- The newest finished run here of plan $1 (evaluated by the language $2) in environment $3, if the plan takes no parameters, and the target
-- that the plan names.
SELECT r.id, coalesce(k.keys ->> 'target', 'app')
FROM (SELECT graph -> 'keys' AS keys FROM headgate.plan WHERE hash = $1::text AND language = $2::integer OFFSET 0) AS k,
     pg_catalog.pg_control_system() AS s,
     LATERAL (SELECT id FROM headgate.run
              WHERE plan = $1::text AND environment = $3::text AND params = '{}' AND state = 'done'
                AND system_identifier = s.system_identifier::text AND database = pg_catalog.current_database()
              ORDER BY id DESC LIMIT 1) AS r
WHERE NOT k.keys ? 'params'
