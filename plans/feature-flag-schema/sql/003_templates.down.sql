DROP FUNCTION apply_feature_template(uuid, text);
