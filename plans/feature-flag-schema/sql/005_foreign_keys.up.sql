-- After the rows are in, so that a rollback takes these away before it deletes rows: nothing cascades.
ALTER TABLE organization_feature_settings
    ADD CONSTRAINT settings_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    ADD CONSTRAINT settings_feature FOREIGN KEY (feature_id) REFERENCES feature_definitions (feature_id);
ALTER TABLE user_dashboard_preferences
    ADD CONSTRAINT preferences_user FOREIGN KEY (user_id) REFERENCES users (id),
    ADD CONSTRAINT preferences_widget FOREIGN KEY (widget_id) REFERENCES widget_library (widget_id);
ALTER TABLE template_application_logs
    ADD CONSTRAINT applications_template FOREIGN KEY (template_name) REFERENCES feature_templates (name);
ALTER TABLE widget_library
    ADD CONSTRAINT widget_feature FOREIGN KEY (feature_id) REFERENCES feature_definitions (feature_id);
ALTER TABLE user_feature_usage
    ADD CONSTRAINT usage_user FOREIGN KEY (user_id) REFERENCES users (id),
    ADD CONSTRAINT usage_feature FOREIGN KEY (feature_id) REFERENCES feature_definitions (feature_id);
