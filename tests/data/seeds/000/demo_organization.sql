-- Insert a test organization
INSERT INTO organizations (id, name, industry, tier) 
VALUES (
  gen_random_uuid(),
  'Demo Energy Corp',
  'energy_trading',
  'enterprise'
) RETURNING id;

-- Apply enterprise template
SELECT apply_feature_template(
  org_id := (SELECT id FROM organizations WHERE name = 'Demo Energy Corp'),
  template_name := 'Energy Trader Enterprise'
);
