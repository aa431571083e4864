-- Switches on what the template names, one by one in its order; gives how many it changed, and logs that it was applied
-- when it changed something: applied twice is applied once. The parameters have the names
-- that callers use: apply_feature_template(org_id := …, template_name := …).
CREATE FUNCTION apply_feature_template(org_id uuid, template_name text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    feature text;
    changed integer := 0;
    wanted  text[] := (SELECT features FROM feature_templates WHERE name = template_name);
BEGIN
    IF wanted IS NULL THEN
        RAISE EXCEPTION 'there is no template %', template_name;
    END IF;
    IF NOT EXISTS (SELECT FROM organizations WHERE id = org_id) THEN
        RAISE EXCEPTION 'there is no organization %', org_id;
    END IF;
    FOREACH feature IN ARRAY wanted LOOP
        INSERT INTO organization_feature_settings AS s (organization_id, feature_id, enabled)
        VALUES (org_id, feature, true)
            ON CONFLICT (organization_id, feature_id) DO UPDATE SET enabled = true WHERE NOT s.enabled;
        IF FOUND THEN
            changed := changed + 1;
        END IF;
    END LOOP;
    IF changed > 0 THEN
        INSERT INTO template_application_logs (organization_id, template_name, features_applied)
        VALUES (org_id, template_name, changed);
    END IF;
    RETURN changed;
END
$$;
