-- Now the old names go. No CASCADE: whatever still uses one of them stops this.
DROP VIEW public.plan_execution_logs;
DROP VIEW public.plan_step_templates;
DROP VIEW public.plan_steps;
DROP VIEW public.implementation_plan_generations;
DROP VIEW public.discovered_files;
DROP VIEW public.file_discovery_sessions;
DROP VIEW public.feature_refinements;
DROP VIEW public.feature_plans;

-- An enum has one name at a time (a domain over it would not compare with its columns), so it moves only now.
ALTER TYPE public.complexity SET SCHEMA feature_planner;
ALTER TYPE public.confidence_level SET SCHEMA feature_planner;
ALTER TYPE public.estimated_scope SET SCHEMA feature_planner;
ALTER TYPE public.execution_step SET SCHEMA feature_planner;
ALTER TYPE public.file_discovery_status SET SCHEMA feature_planner;
ALTER TYPE public.file_priority SET SCHEMA feature_planner;
ALTER TYPE public.implementation_plan_status SET SCHEMA feature_planner;
ALTER TYPE public.plan_status SET SCHEMA feature_planner;
ALTER TYPE public.refinement_status SET SCHEMA feature_planner;
ALTER TYPE public.risk_level SET SCHEMA feature_planner;
ALTER TYPE public.technical_complexity SET SCHEMA feature_planner;
