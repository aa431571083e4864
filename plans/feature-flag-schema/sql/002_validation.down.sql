DROP FUNCTION validate_feature_change(uuid, text, boolean);
DROP FUNCTION validate_feature_conflicts(uuid, text);
DROP FUNCTION validate_feature_dependencies(uuid, text);
