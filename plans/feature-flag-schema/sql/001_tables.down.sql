-- No IF EXISTS and no CASCADE: what is not there, or is used by something else, must be said.
DROP TABLE user_feature_usage;
DROP TABLE widget_library;
DROP TABLE template_application_logs;
DROP TABLE feature_change_logs;
DROP TABLE feature_templates;
DROP TABLE user_dashboard_preferences;
DROP TABLE organization_feature_settings;
DROP TABLE feature_definitions;
