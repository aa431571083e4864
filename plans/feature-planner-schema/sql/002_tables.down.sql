-- The same way back: what was written under either name meanwhile is in the tables, and stays.
DROP VIEW public.plan_execution_logs;
DROP VIEW public.plan_step_templates;
DROP VIEW public.plan_steps;
DROP VIEW public.implementation_plan_generations;
DROP VIEW public.discovered_files;
DROP VIEW public.file_discovery_sessions;
DROP VIEW public.feature_refinements;
DROP VIEW public.feature_plans;

ALTER TABLE feature_planner.plan_execution_logs SET SCHEMA public;
ALTER TABLE feature_planner.plan_step_templates SET SCHEMA public;
ALTER TABLE feature_planner.plan_steps SET SCHEMA public;
ALTER TABLE feature_planner.implementation_plan_generations SET SCHEMA public;
ALTER TABLE feature_planner.discovered_files SET SCHEMA public;
ALTER TABLE feature_planner.file_discovery_sessions SET SCHEMA public;
ALTER TABLE feature_planner.feature_refinements SET SCHEMA public;
ALTER TABLE feature_planner.feature_plans SET SCHEMA public;
