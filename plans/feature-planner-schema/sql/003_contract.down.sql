ALTER TYPE feature_planner.technical_complexity SET SCHEMA public;
ALTER TYPE feature_planner.risk_level SET SCHEMA public;
ALTER TYPE feature_planner.refinement_status SET SCHEMA public;
ALTER TYPE feature_planner.plan_status SET SCHEMA public;
ALTER TYPE feature_planner.implementation_plan_status SET SCHEMA public;
ALTER TYPE feature_planner.file_priority SET SCHEMA public;
ALTER TYPE feature_planner.file_discovery_status SET SCHEMA public;
ALTER TYPE feature_planner.execution_step SET SCHEMA public;
ALTER TYPE feature_planner.estimated_scope SET SCHEMA public;
ALTER TYPE feature_planner.confidence_level SET SCHEMA public;
ALTER TYPE feature_planner.complexity SET SCHEMA public;

CREATE VIEW public.feature_plans WITH (security_invoker = true) AS SELECT * FROM feature_planner.feature_plans;
CREATE VIEW public.feature_refinements WITH (security_invoker = true) AS SELECT * FROM feature_planner.feature_refinements;
CREATE VIEW public.file_discovery_sessions WITH (security_invoker = true) AS SELECT * FROM feature_planner.file_discovery_sessions;
CREATE VIEW public.discovered_files WITH (security_invoker = true) AS SELECT * FROM feature_planner.discovered_files;
CREATE VIEW public.implementation_plan_generations WITH (security_invoker = true) AS SELECT * FROM feature_planner.implementation_plan_generations;
CREATE VIEW public.plan_steps WITH (security_invoker = true) AS SELECT * FROM feature_planner.plan_steps;
CREATE VIEW public.plan_step_templates WITH (security_invoker = true) AS SELECT * FROM feature_planner.plan_step_templates;
CREATE VIEW public.plan_execution_logs WITH (security_invoker = true) AS SELECT * FROM feature_planner.plan_execution_logs;

GRANT SELECT, INSERT, UPDATE, DELETE ON public.feature_plans,
    public.feature_refinements,
    public.file_discovery_sessions,
    public.discovered_files,
    public.implementation_plan_generations,
    public.plan_steps,
    public.plan_step_templates,
    public.plan_execution_logs TO authenticated;
