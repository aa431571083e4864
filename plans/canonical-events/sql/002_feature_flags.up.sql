CREATE TABLE feature_flags (
    id                 uuid        NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
    name               text        NOT NULL UNIQUE,
    description        text,
    enabled            boolean     NOT NULL DEFAULT false,
    rollout_percentage integer     NOT NULL DEFAULT 0 CHECK (rollout_percentage BETWEEN 0 AND 100),
    metadata           jsonb       NOT NULL DEFAULT '{}',
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
);

INSERT INTO feature_flags (name, description) VALUES
    ('v2_canonical_system', 'Master flag for the unified integration system'),
    ('testimonial_system', 'Testimonial collection and display'),
    ('playlist_orchestration', 'Campaign playlist features'),
    ('multi_integration_campaigns', 'Several data sources for one campaign');

-- Who may see and change them, for roles that do not own the table: the application says who asks
-- (SET app.role = 'admin' in its session); everybody sees what is on.
ALTER TABLE feature_flags ENABLE ROW LEVEL SECURITY;
CREATE POLICY admins_manage_flags ON feature_flags
    USING (current_setting('app.role', true) = 'admin') WITH CHECK (current_setting('app.role', true) = 'admin');
CREATE POLICY everybody_sees_enabled_flags ON feature_flags FOR SELECT USING (enabled);
