-- Count records in each table
SELECT 'feature_plans' as table_name, COUNT(*) as record_count FROM public.feature_plans
UNION ALL
SELECT 'feature_refinements', COUNT(*) FROM public.feature_refinements
UNION ALL
SELECT 'file_discovery_sessions', COUNT(*) FROM public.file_discovery_sessions
UNION ALL
SELECT 'discovered_files', COUNT(*) FROM public.discovered_files
UNION ALL
SELECT 'implementation_plan_generations', COUNT(*) FROM public.implementation_plan_generations
UNION ALL
SELECT 'plan_steps', COUNT(*) FROM public.plan_steps
UNION ALL
SELECT 'plan_step_templates', COUNT(*) FROM public.plan_step_templates
UNION ALL
SELECT 'plan_execution_logs', COUNT(*) FROM public.plan_execution_logs;

-- Export sample data for verification
SELECT * FROM public.feature_plans ORDER BY created_at DESC LIMIT 5;
