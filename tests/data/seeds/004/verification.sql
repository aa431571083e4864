-- Verify schema exists
SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'feature_planner';

-- Verify all tables exist in new schema
SELECT table_name
FROM information_schema.tables
WHERE table_schema = 'feature_planner'
ORDER BY table_name;

-- Verify record counts match
SELECT 'feature_plans' as table_name, COUNT(*) as record_count FROM feature_planner.feature_plans
UNION ALL
SELECT 'feature_refinements', COUNT(*) FROM feature_planner.feature_refinements
UNION ALL
SELECT 'file_discovery_sessions', COUNT(*) FROM feature_planner.file_discovery_sessions
UNION ALL
SELECT 'discovered_files', COUNT(*) FROM feature_planner.discovered_files
UNION ALL
SELECT 'implementation_plan_generations', COUNT(*) FROM feature_planner.implementation_plan_generations
UNION ALL
SELECT 'plan_steps', COUNT(*) FROM feature_planner.plan_steps
UNION ALL
SELECT 'plan_step_templates', COUNT(*) FROM feature_planner.plan_step_templates
UNION ALL
SELECT 'plan_execution_logs', COUNT(*) FROM feature_planner.plan_execution_logs;

-- Verify sample data integrity
SELECT * FROM feature_planner.feature_plans ORDER BY created_at DESC LIMIT 5;

-- Verify foreign keys
SELECT
  tc.table_schema,
  tc.table_name,
  kcu.column_name,
  ccu.table_schema AS foreign_table_schema,
  ccu.table_name AS foreign_table_name,
  ccu.column_name AS foreign_column_name
FROM information_schema.table_constraints AS tc
JOIN information_schema.key_column_usage AS kcu
  ON tc.constraint_name = kcu.constraint_name
  AND tc.table_schema = kcu.table_schema
JOIN information_schema.constraint_column_usage AS ccu
  ON ccu.constraint_name = tc.constraint_name
WHERE tc.constraint_type = 'FOREIGN KEY'
  AND tc.table_schema = 'feature_planner'
ORDER BY tc.table_name;

-- Verify indexes
SELECT
  schemaname,
  tablename,
  indexname,
  indexdef
FROM pg_indexes
WHERE schemaname = 'feature_planner'
ORDER BY tablename, indexname;

-- Verify old tables are gone
SELECT table_name
FROM information_schema.tables
WHERE table_schema = 'public'
  AND table_name IN (
    'feature_plans', 'feature_refinements', 'file_discovery_sessions',
    'discovered_files', 'implementation_plan_generations', 'plan_steps',
    'plan_step_templates', 'plan_execution_logs'
  );
-- Should return 0 rows
