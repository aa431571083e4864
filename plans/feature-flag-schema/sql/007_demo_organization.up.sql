-- The document's own sample organization. Its id is fixed, so that addresses of the API can name it.
INSERT INTO organizations (id, name, industry, tier)
VALUES ('d3300000-0000-4000-8000-000000000001', 'Demo Energy Corp', 'energy_trading', 'enterprise');

SELECT apply_feature_template(
  org_id := (SELECT id FROM organizations WHERE name = 'Demo Energy Corp'),
  template_name := 'Energy Trader Enterprise'
);
