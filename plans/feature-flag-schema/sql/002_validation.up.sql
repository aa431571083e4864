-- The 3 validation functions. They only read.

-- The features that the given one needs and the organization does not have switched on.
CREATE FUNCTION validate_feature_dependencies(org_id uuid, feature text) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(needed ORDER BY needed), '{}')
      FROM feature_definitions AS d, unnest(d.dependencies) AS needed
     WHERE d.feature_id = feature
       AND NOT EXISTS (SELECT FROM organization_feature_settings AS s
                        WHERE s.organization_id = org_id AND s.feature_id = needed AND s.enabled)
$$;

-- The features that exclude the given one, in either direction, and are switched on.
CREATE FUNCTION validate_feature_conflicts(org_id uuid, feature text) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(other.feature_id ORDER BY other.feature_id), '{}')
      FROM feature_definitions AS d
      JOIN feature_definitions AS other
        ON other.feature_id = ANY (d.conflicts) OR d.feature_id = ANY (other.conflicts)
      JOIN organization_feature_settings AS s
        ON s.feature_id = other.feature_id AND s.organization_id = org_id AND s.enabled
     WHERE d.feature_id = feature
$$;

-- Why the organization may not switch the feature on (or off); NULL when it may.
CREATE FUNCTION validate_feature_change(org_id uuid, feature text, enable boolean) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text[];
BEGIN
    IF NOT EXISTS (SELECT FROM feature_definitions WHERE feature_id = feature) THEN
        RETURN format('there is no feature %s', feature);
    END IF;
    IF enable THEN
        found := validate_feature_dependencies(org_id, feature);
        IF cardinality(found) > 0 THEN
            RETURN format('%s needs %s', feature, array_to_string(found, ', '));
        END IF;
        found := validate_feature_conflicts(org_id, feature);
        IF cardinality(found) > 0 THEN
            RETURN format('%s excludes %s', feature, array_to_string(found, ', '));
        END IF;
        RETURN NULL;
    END IF;
    SELECT array_agg(s.feature_id ORDER BY s.feature_id) INTO found
      FROM organization_feature_settings AS s JOIN feature_definitions AS d USING (feature_id)
     WHERE s.organization_id = org_id AND s.enabled AND feature = ANY (d.dependencies);
    RETURN CASE WHEN cardinality(found) > 0
                THEN format('%s is needed by %s', feature, array_to_string(found, ', ')) END;
END
$$;
