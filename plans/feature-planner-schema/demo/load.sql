-- Fills the tables of schema.sql with {{plans}} feature plans and what belongs to them: about 54 rows a plan. Deterministic:
-- arithmetic on the number, no random(), no now(), so that two loads of one size are equal byte for byte.

INSERT INTO users (id, email) SELECT md5('user ' || n)::uuid, 'user.' || n || '@example.org' FROM generate_series(1, 100) AS n;

INSERT INTO bobbleheads (id, user_id, name)
SELECT md5('bobblehead ' || n)::uuid, md5('user ' || 1 + n % 100)::uuid, 'Bobblehead ' || n FROM generate_series(1, 500) AS n;

INSERT INTO feature_plans (id, user_id, original_request, status, created_at, updated_at, completed_at)
SELECT md5('plan ' || n)::uuid, md5('user ' || 1 + n % 100)::uuid, 'Feature request ' || n,
       (ARRAY['completed', 'completed', 'completed', 'failed', 'cancelled', 'draft', 'refining', 'planning'])[1 + n % 8]::plan_status,
       at, at + interval '1 hour', CASE WHEN n % 8 < 3 THEN at + interval '1 hour' END
  FROM (SELECT n, timestamptz '2025-01-01 00:00:00+00' + n * interval '7 minutes' AS at FROM generate_series(1, {{plans}}) AS n) AS x;

INSERT INTO feature_refinements (id, plan_id, attempt, refined_request, status, confidence, estimated_scope, technical_complexity, created_at)
SELECT md5('refinement ' || n || ' ' || a)::uuid, md5('plan ' || n)::uuid, a, 'Refined request ' || n || '.' || a,
       (ARRAY['completed', 'completed', 'failed', 'pending'])[1 + (n + a) % 4]::refinement_status,
       (ARRAY['high', 'medium', 'low'])[1 + (n + a) % 3]::confidence_level,
       (ARRAY['small', 'medium', 'large'])[1 + n % 3]::estimated_scope,
       (ARRAY['high', 'medium', 'low'])[1 + a % 3]::technical_complexity,
       timestamptz '2025-01-01 00:00:00+00' + n * interval '7 minutes'
  FROM generate_series(1, {{plans}}) AS n, generate_series(1, 3) AS a;

INSERT INTO file_discovery_sessions (id, plan_id, status, created_at)
SELECT md5('session ' || n || ' ' || s)::uuid, md5('plan ' || n)::uuid,
       (ARRAY['completed', 'completed', 'failed'])[1 + (n + s) % 3]::file_discovery_status,
       timestamptz '2025-01-01 00:00:00+00' + n * interval '7 minutes'
  FROM generate_series(1, {{plans}}) AS n, generate_series(1, 2) AS s;

INSERT INTO discovered_files (id, discovery_session_id, added_by_user_id, file_path, priority, relevance_score)
SELECT md5('file ' || n || ' ' || f)::uuid, md5('session ' || n || ' ' || 1 + f % 2)::uuid,
       CASE WHEN f % 5 = 0 THEN md5('user ' || 1 + n % 100)::uuid END, 'src/lib/Feature' || f || '/file' || n || '.ts',
       (ARRAY['critical', 'high', 'medium', 'low'])[1 + f % 4]::file_priority, (n * 7 + f) % 101
  FROM generate_series(1, {{plans}}) AS n, generate_series(1, 20) AS f;

INSERT INTO implementation_plan_generations (id, plan_id, status, complexity, risk_level, created_at)
SELECT md5('generation ' || n || ' ' || g)::uuid, md5('plan ' || n)::uuid,
       (ARRAY['completed', 'failed'])[1 + (n + g) % 2]::implementation_plan_status,
       (ARRAY['low', 'medium', 'high'])[1 + n % 3]::complexity, (ARRAY['low', 'medium', 'high'])[1 + g % 3]::risk_level,
       timestamptz '2025-01-01 00:00:00+00' + n * interval '7 minutes'
  FROM generate_series(1, {{plans}}) AS n, generate_series(1, 2) AS g;

INSERT INTO plan_steps (id, plan_generation_id, step_number, title, confidence_level, validation_commands)
SELECT md5('step ' || n || ' ' || s)::uuid, md5('generation ' || n || ' ' || 1 + s % 2)::uuid, s, 'Step ' || s,
       (ARRAY['high', 'medium', 'low'])[1 + s % 3]::confidence_level, jsonb_build_array('npm test', 'npm run lint ' || s)
  FROM generate_series(1, {{plans}}) AS n, generate_series(1, 16) AS s;

INSERT INTO plan_step_templates (id, user_id, name, usage_count)
SELECT md5('template ' || n)::uuid, md5('user ' || 1 + n % 100)::uuid, 'Template ' || n, n % 17 FROM generate_series(1, 200) AS n;

INSERT INTO plan_execution_logs (plan_id, step, duration, metadata, created_at)
SELECT md5('plan ' || n)::uuid, (ARRAY['refinement', 'discovery', 'planning'])[1 + l % 3]::execution_step, (n * l) % 60000,
       jsonb_build_object('tokens', n * l, 'cost', 0.10), timestamptz '2025-01-01 00:00:00+00' + n * interval '7 minutes' + l * interval '1 minute'
  FROM generate_series(1, {{plans}}) AS n, generate_series(1, 10) AS l ORDER BY n, l;

ANALYZE;
