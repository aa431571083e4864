-- ============================================================================
-- CREATE NEW SCHEMA
-- ============================================================================
CREATE SCHEMA IF NOT EXISTS feature_planner;

-- ============================================================================
-- CREATE ENUMS IN NEW SCHEMA
-- ============================================================================
CREATE TYPE feature_planner.complexity AS ENUM('low', 'medium', 'high');
CREATE TYPE feature_planner.confidence_level AS ENUM('high', 'medium', 'low');
CREATE TYPE feature_planner.estimated_scope AS ENUM('small', 'medium', 'large');
CREATE TYPE feature_planner.execution_step AS ENUM('refinement', 'discovery', 'planning');
CREATE TYPE feature_planner.file_discovery_status AS ENUM('pending', 'processing', 'completed', 'failed');
CREATE TYPE feature_planner.file_priority AS ENUM('critical', 'high', 'medium', 'low');
CREATE TYPE feature_planner.implementation_plan_status AS ENUM('pending', 'processing', 'completed', 'failed');
CREATE TYPE feature_planner.plan_status AS ENUM('draft', 'refining', 'discovering', 'planning', 'completed', 'failed', 'cancelled');
CREATE TYPE feature_planner.refinement_status AS ENUM('pending', 'processing', 'completed', 'failed');
CREATE TYPE feature_planner.risk_level AS ENUM('low', 'medium', 'high');
CREATE TYPE feature_planner.technical_complexity AS ENUM('high', 'medium', 'low');

-- ============================================================================
-- CREATE TABLES IN NEW SCHEMA
-- ============================================================================

-- Create feature_plans first (parent table)
CREATE TABLE feature_planner.feature_plans (
  -- Copy exact structure from current table
  -- Update enum references to feature_planner.enum_name
  -- Keep foreign key to public.users
);

-- Create dependent tables
CREATE TABLE feature_planner.feature_refinements (...);
CREATE TABLE feature_planner.file_discovery_sessions (...);
CREATE TABLE feature_planner.discovered_files (...);
CREATE TABLE feature_planner.implementation_plan_generations (...);
CREATE TABLE feature_planner.plan_steps (...);
CREATE TABLE feature_planner.plan_step_templates (...);
CREATE TABLE feature_planner.plan_execution_logs (...);

-- ============================================================================
-- MIGRATE DATA
-- ============================================================================

-- Migrate in order respecting foreign key dependencies
INSERT INTO feature_planner.feature_plans SELECT * FROM public.feature_plans;
INSERT INTO feature_planner.feature_refinements SELECT * FROM public.feature_refinements;
INSERT INTO feature_planner.file_discovery_sessions SELECT * FROM public.file_discovery_sessions;
INSERT INTO feature_planner.discovered_files SELECT * FROM public.discovered_files;
INSERT INTO feature_planner.implementation_plan_generations SELECT * FROM public.implementation_plan_generations;
INSERT INTO feature_planner.plan_steps SELECT * FROM public.plan_steps;
INSERT INTO feature_planner.plan_step_templates SELECT * FROM public.plan_step_templates;
INSERT INTO feature_planner.plan_execution_logs SELECT * FROM public.plan_execution_logs;

-- ============================================================================
-- RECREATE INDEXES
-- ============================================================================

-- Copy all index definitions from original migration
-- Update table references to feature_planner.table_name

-- ============================================================================
-- ADD FOREIGN KEY CONSTRAINTS
-- ============================================================================

-- Cross-schema constraints to public.users
ALTER TABLE feature_planner.feature_plans
  ADD CONSTRAINT feature_plans_user_id_users_id_fk
  FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE feature_planner.discovered_files
  ADD CONSTRAINT discovered_files_added_by_user_id_users_id_fk
  FOREIGN KEY (added_by_user_id) REFERENCES public.users(id);

ALTER TABLE feature_planner.plan_step_templates
  ADD CONSTRAINT plan_step_templates_user_id_users_id_fk
  FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Within-schema constraints
-- (Add all other foreign key constraints)

-- ============================================================================
-- DROP OLD TABLES AND ENUMS
-- ============================================================================

DROP TABLE IF EXISTS public.plan_steps CASCADE;
DROP TABLE IF EXISTS public.plan_execution_logs CASCADE;
DROP TABLE IF EXISTS public.plan_step_templates CASCADE;
DROP TABLE IF EXISTS public.implementation_plan_generations CASCADE;
DROP TABLE IF EXISTS public.discovered_files CASCADE;
DROP TABLE IF EXISTS public.file_discovery_sessions CASCADE;
DROP TABLE IF EXISTS public.feature_refinements CASCADE;
DROP TABLE IF EXISTS public.feature_plans CASCADE;

DROP TYPE IF EXISTS public.complexity CASCADE;
DROP TYPE IF EXISTS public.confidence_level CASCADE;
DROP TYPE IF EXISTS public.estimated_scope CASCADE;
DROP TYPE IF EXISTS public.execution_step CASCADE;
DROP TYPE IF EXISTS public.file_discovery_status CASCADE;
DROP TYPE IF EXISTS public.file_priority CASCADE;
DROP TYPE IF EXISTS public.implementation_plan_status CASCADE;
DROP TYPE IF EXISTS public.plan_status CASCADE;
DROP TYPE IF EXISTS public.refinement_status CASCADE;
DROP TYPE IF EXISTS public.risk_level CASCADE;
DROP TYPE IF EXISTS public.technical_complexity CASCADE;

-- ============================================================================
-- GRANT PERMISSIONS (if needed)
-- ============================================================================

-- Grant schema usage
GRANT USAGE ON SCHEMA feature_planner TO authenticated;
GRANT ALL ON SCHEMA feature_planner TO authenticated;

-- Grant table permissions
GRANT ALL ON ALL TABLES IN SCHEMA feature_planner TO authenticated;
GRANT ALL ON ALL SEQUENCES IN SCHEMA feature_planner TO authenticated;
