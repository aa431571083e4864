-- The organization is the plan's own: everything about it goes, its audit trail last.
DELETE FROM organization_feature_settings WHERE organization_id = 'd3300000-0000-4000-8000-000000000001';
DELETE FROM template_application_logs WHERE organization_id = 'd3300000-0000-4000-8000-000000000001';
DELETE FROM feature_change_logs WHERE organization_id = 'd3300000-0000-4000-8000-000000000001';
DELETE FROM organizations WHERE id = 'd3300000-0000-4000-8000-000000000001';
