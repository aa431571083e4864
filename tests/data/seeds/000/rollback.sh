# Complete rollback (run in reverse order)
psql -h $DB_HOST -U $DB_USER -d $DB_DATABASE -c "
DROP TABLE IF EXISTS user_feature_usage CASCADE;
DROP TABLE IF EXISTS widget_library CASCADE;
DROP TABLE IF EXISTS template_application_logs CASCADE;
DROP TABLE IF EXISTS feature_change_logs CASCADE;
DROP TABLE IF EXISTS feature_templates CASCADE;
DROP TABLE IF EXISTS user_dashboard_preferences CASCADE;
DROP TABLE IF EXISTS organization_feature_settings CASCADE;
DROP TABLE IF EXISTS feature_definitions CASCADE;

DROP FUNCTION IF EXISTS validate_feature_change;
DROP FUNCTION IF EXISTS validate_feature_conflicts;
DROP FUNCTION IF EXISTS validate_feature_dependencies;
DROP FUNCTION IF EXISTS update_updated_at_column;
"
