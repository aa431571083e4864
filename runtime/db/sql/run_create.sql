-- Creates a run: $1 plan hash, $2 its name, $3 environment, $4 params, $5 configuration, $6 system identifier, $7 database, $8 who.
INSERT INTO headgate.run (plan, plan_name, environment, params, config, system_identifier, database, state, started_by)
VALUES ($1::text, $2::text, $3::text, $4::jsonb, $5::jsonb, $6::text, $7::text, 'pending', $8::text)
RETURNING id
