-- The 8 tables, without foreign keys among them: those follow when the rows are in (006).

CREATE TABLE feature_definitions (
    feature_id      text        NOT NULL PRIMARY KEY,
    name            text        NOT NULL,
    description     text        NOT NULL DEFAULT '',
    category        text        NOT NULL CHECK (category IN ('core', 'analytics', 'ai', 'trading', 'collaboration')),
    default_enabled boolean     NOT NULL DEFAULT false,
    dependencies    text[]      NOT NULL DEFAULT '{}',
    conflicts       text[]      NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE organization_feature_settings (
    organization_id uuid        NOT NULL,
    feature_id      text        NOT NULL,
    enabled         boolean     NOT NULL,
    configuration   jsonb       NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, feature_id)
);

CREATE TABLE user_dashboard_preferences (
    user_id    uuid        NOT NULL,
    widget_id  text        NOT NULL,
    position   integer     NOT NULL CHECK (position >= 0),
    visible    boolean     NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, widget_id)
);

CREATE TABLE feature_templates (
    name            text        NOT NULL PRIMARY KEY,
    target_audience text        NOT NULL,
    description     text        NOT NULL DEFAULT '',
    features        text[]      NOT NULL CHECK (cardinality(features) > 0),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN feature_templates.features IS 'In the order in which they are switched on: what others depend on comes first';

CREATE TABLE feature_change_logs (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid        NOT NULL,
    feature_id      text        NOT NULL,
    was_enabled     boolean,
    is_enabled      boolean,
    changed_by      text        NOT NULL DEFAULT current_user,
    changed_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX feature_change_logs_of_organization ON feature_change_logs (organization_id, changed_at);

CREATE TABLE template_application_logs (
    id               bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id  uuid        NOT NULL,
    template_name    text        NOT NULL,
    features_applied integer     NOT NULL,
    applied_by       text        NOT NULL DEFAULT current_user,
    applied_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX template_application_logs_of_organization ON template_application_logs (organization_id, applied_at);

CREATE TABLE widget_library (
    widget_id  text        NOT NULL PRIMARY KEY,
    name       text        NOT NULL,
    category   text        NOT NULL,
    feature_id text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX widget_library_of_feature ON widget_library (feature_id);

CREATE TABLE user_feature_usage (
    user_id    uuid   NOT NULL,
    feature_id text   NOT NULL,
    used_on    date   NOT NULL,
    uses       bigint NOT NULL DEFAULT 1 CHECK (uses > 0),
    PRIMARY KEY (user_id, feature_id, used_on)
);
CREATE INDEX user_feature_usage_of_feature ON user_feature_usage (feature_id, used_on);
