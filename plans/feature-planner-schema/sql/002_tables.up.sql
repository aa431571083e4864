-- The tables move, and the old names go on working, in one transaction: there is no moment without either. Only names in the
-- catalog change, no row is copied, so no write is lost. Indexes, constraints, the sequence, grants, comments and statistics
-- belong to their table and come along; the foreign keys to public.users stay valid.
ALTER TABLE public.feature_plans SET SCHEMA feature_planner;
ALTER TABLE public.feature_refinements SET SCHEMA feature_planner;
ALTER TABLE public.file_discovery_sessions SET SCHEMA feature_planner;
ALTER TABLE public.discovered_files SET SCHEMA feature_planner;
ALTER TABLE public.implementation_plan_generations SET SCHEMA feature_planner;
ALTER TABLE public.plan_steps SET SCHEMA feature_planner;
ALTER TABLE public.plan_step_templates SET SCHEMA feature_planner;
ALTER TABLE public.plan_execution_logs SET SCHEMA feature_planner;

-- The old names: a view over one table is updatable; security_invoker leaves the rights with whoever asks.
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
