ALTER TABLE user_feature_usage DROP CONSTRAINT usage_feature, DROP CONSTRAINT usage_user;
ALTER TABLE widget_library DROP CONSTRAINT widget_feature;
ALTER TABLE template_application_logs DROP CONSTRAINT applications_template;
ALTER TABLE user_dashboard_preferences DROP CONSTRAINT preferences_widget, DROP CONSTRAINT preferences_user;
ALTER TABLE organization_feature_settings DROP CONSTRAINT settings_feature, DROP CONSTRAINT settings_organization;
