-- The 3 trigger functions and their triggers.

CREATE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

-- An organization cannot reach a state that validate_feature_change() refuses, whoever writes.
CREATE FUNCTION check_feature_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    why text := validate_feature_change(NEW.organization_id, NEW.feature_id, NEW.enabled);
BEGIN
    IF why IS NOT NULL THEN
        RAISE EXCEPTION '%', why USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

-- A request that comes twice changes nothing the second time, and the trail says so.
CREATE FUNCTION log_feature_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.enabled = OLD.enabled THEN
        RETURN NULL;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO feature_change_logs (organization_id, feature_id, was_enabled)
        VALUES (OLD.organization_id, OLD.feature_id, OLD.enabled);
    ELSE
        INSERT INTO feature_change_logs (organization_id, feature_id, was_enabled, is_enabled)
        VALUES (NEW.organization_id, NEW.feature_id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.enabled END, NEW.enabled);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER feature_definitions_updated BEFORE UPDATE ON feature_definitions
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER organization_feature_settings_updated BEFORE UPDATE ON organization_feature_settings
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER user_dashboard_preferences_updated BEFORE UPDATE ON user_dashboard_preferences
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER feature_templates_updated BEFORE UPDATE ON feature_templates
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER widget_library_updated BEFORE UPDATE ON widget_library
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE TRIGGER organization_feature_settings_checked BEFORE INSERT OR UPDATE OF enabled ON organization_feature_settings
    FOR EACH ROW EXECUTE FUNCTION check_feature_change();
CREATE TRIGGER organization_feature_settings_logged AFTER INSERT OR UPDATE OR DELETE ON organization_feature_settings
    FOR EACH ROW EXECUTE FUNCTION log_feature_change();
