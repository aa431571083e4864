-- The application before the migration: 8 tables of the feature planner and their 11 enums among the tables of production.
-- Plain SQL without psql's own commands. load.sql fills it.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'authenticated') THEN
        CREATE ROLE authenticated NOLOGIN;
    END IF;
END
$$;

CREATE TYPE complexity AS ENUM ('low', 'medium', 'high');
CREATE TYPE confidence_level AS ENUM ('high', 'medium', 'low');
CREATE TYPE estimated_scope AS ENUM ('small', 'medium', 'large');
CREATE TYPE execution_step AS ENUM ('refinement', 'discovery', 'planning');
CREATE TYPE file_discovery_status AS ENUM ('pending', 'processing', 'completed', 'failed');
CREATE TYPE file_priority AS ENUM ('critical', 'high', 'medium', 'low');
CREATE TYPE implementation_plan_status AS ENUM ('pending', 'processing', 'completed', 'failed');
CREATE TYPE plan_status AS ENUM ('draft', 'refining', 'discovering', 'planning', 'completed', 'failed', 'cancelled');
CREATE TYPE refinement_status AS ENUM ('pending', 'processing', 'completed', 'failed');
CREATE TYPE risk_level AS ENUM ('low', 'medium', 'high');
CREATE TYPE technical_complexity AS ENUM ('high', 'medium', 'low');

CREATE TABLE users (
    id    uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    email text NOT NULL UNIQUE
);

-- What production is about: it stays where it is.
CREATE TABLE bobbleheads (
    id      uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    text NOT NULL
);

CREATE TABLE feature_plans (
    id               uuid        NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    user_id          uuid        NOT NULL CONSTRAINT feature_plans_user_id_users_id_fk REFERENCES users (id) ON DELETE CASCADE,
    original_request text        NOT NULL,
    status           plan_status NOT NULL DEFAULT 'draft',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    completed_at     timestamptz,
    CONSTRAINT feature_plans_original_request_not_empty CHECK (length(original_request) > 0),
    CONSTRAINT feature_plans_dates_logic CHECK (completed_at >= created_at)
);
CREATE INDEX feature_plans_user_created_idx ON feature_plans (user_id, created_at DESC);
CREATE INDEX feature_plans_status_idx ON feature_plans (status, created_at DESC);

CREATE TABLE feature_refinements (
    id                   uuid              NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    plan_id              uuid              NOT NULL REFERENCES feature_plans (id) ON DELETE CASCADE,
    attempt              integer           NOT NULL CHECK (attempt > 0),
    refined_request      text,
    status               refinement_status NOT NULL DEFAULT 'pending',
    confidence           confidence_level,
    estimated_scope      estimated_scope,
    technical_complexity technical_complexity,
    created_at           timestamptz       NOT NULL DEFAULT now(),
    CONSTRAINT feature_refinements_plan_attempt_unique UNIQUE (plan_id, attempt)
);
CREATE INDEX feature_refinements_open_idx ON feature_refinements (created_at) WHERE status IN ('pending', 'processing');

CREATE TABLE file_discovery_sessions (
    id         uuid                  NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    plan_id    uuid                  NOT NULL REFERENCES feature_plans (id) ON DELETE CASCADE,
    status     file_discovery_status NOT NULL DEFAULT 'pending',
    created_at timestamptz           NOT NULL DEFAULT now()
);
CREATE INDEX file_discovery_sessions_plan_id_idx ON file_discovery_sessions (plan_id);

CREATE TABLE discovered_files (
    id                   uuid          NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    discovery_session_id uuid          NOT NULL REFERENCES file_discovery_sessions (id) ON DELETE CASCADE,
    added_by_user_id     uuid          CONSTRAINT discovered_files_added_by_user_id_users_id_fk REFERENCES users (id),
    file_path            text          NOT NULL,
    priority             file_priority NOT NULL,
    relevance_score      integer       NOT NULL CONSTRAINT discovered_files_relevance_range CHECK (relevance_score BETWEEN 0 AND 100),
    CONSTRAINT discovered_files_session_path_unique UNIQUE (discovery_session_id, file_path)
);
CREATE INDEX discovered_files_path_idx ON discovered_files (lower(file_path) text_pattern_ops);

CREATE TABLE implementation_plan_generations (
    id         uuid                       NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    plan_id    uuid                       NOT NULL REFERENCES feature_plans (id) ON DELETE CASCADE,
    status     implementation_plan_status NOT NULL DEFAULT 'pending',
    complexity complexity,
    risk_level risk_level,
    created_at timestamptz                NOT NULL DEFAULT now()
);
CREATE INDEX implementation_plan_generations_plan_id_idx ON implementation_plan_generations (plan_id);

CREATE TABLE plan_steps (
    id                  uuid             NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    plan_generation_id  uuid             NOT NULL REFERENCES implementation_plan_generations (id) ON DELETE CASCADE,
    step_number         integer          NOT NULL CHECK (step_number > 0),
    title               text             NOT NULL,
    confidence_level    confidence_level NOT NULL,
    validation_commands jsonb            NOT NULL DEFAULT '[]',
    CONSTRAINT plan_steps_generation_number_unique UNIQUE (plan_generation_id, step_number)
);
CREATE INDEX plan_steps_validation_idx ON plan_steps USING gin (validation_commands);

CREATE TABLE plan_step_templates (
    id          uuid    NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    user_id     uuid    NOT NULL CONSTRAINT plan_step_templates_user_id_users_id_fk REFERENCES users (id) ON DELETE CASCADE,
    name        text    NOT NULL,
    usage_count integer NOT NULL DEFAULT 0 CHECK (usage_count >= 0),
    CONSTRAINT plan_step_templates_user_name_unique UNIQUE (user_id, name)
);

CREATE TABLE plan_execution_logs (
    id         bigserial      NOT NULL PRIMARY KEY,
    plan_id    uuid           NOT NULL REFERENCES feature_plans (id) ON DELETE CASCADE,
    step       execution_step NOT NULL,
    duration   integer        NOT NULL CHECK (duration >= 0),
    metadata   jsonb          NOT NULL DEFAULT '{}',
    created_at timestamptz    NOT NULL DEFAULT now()
);
CREATE INDEX plan_execution_logs_plan_id_idx ON plan_execution_logs (plan_id, created_at);
COMMENT ON TABLE plan_execution_logs IS 'Complete audit trail of executions';

GRANT SELECT, INSERT, UPDATE, DELETE ON feature_plans, feature_refinements, file_discovery_sessions, discovered_files,
    implementation_plan_generations, plan_steps, plan_step_templates, plan_execution_logs, bobbleheads TO authenticated;
GRANT SELECT ON users TO authenticated;
GRANT USAGE ON SEQUENCE plan_execution_logs_id_seq TO authenticated;
