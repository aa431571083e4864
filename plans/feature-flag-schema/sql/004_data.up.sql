-- Default features, widgets and templates. created_at and updated_at are those of the load.

INSERT INTO feature_definitions (feature_id, name, category, default_enabled, dependencies, conflicts) VALUES
    ('dashboard-core',       'Dashboard',             'core',          true,  '{}', '{}'),
    ('real-time-updates',    'Real-time updates',     'core',          true,  '{dashboard-core}', '{batch-updates}'),
    ('batch-updates',        'Nightly updates',       'core',          false, '{dashboard-core}', '{real-time-updates}'),
    ('team-workspaces',      'Team workspaces',       'collaboration', true,  '{dashboard-core}', '{}'),
    ('shared-annotations',   'Shared annotations',    'collaboration', false, '{team-workspaces}', '{}'),
    ('usage-analytics',      'Usage analytics',       'analytics',     true,  '{dashboard-core}', '{}'),
    ('custom-reports',       'Custom reports',        'analytics',     false, '{usage-analytics}', '{}'),
    ('market-data',          'Market data',           'trading',       false, '{real-time-updates}', '{}'),
    ('energy-trading-desk',  'Energy trading desk',   'trading',       false, '{market-data}', '{}'),
    ('bid-optimizer',        'Bid optimizer',         'trading',       false, '{energy-trading-desk,ai-insights}', '{}'),
    ('ai-insights',          'AI insights',           'ai',            false, '{usage-analytics}', '{}'),
    ('ai-forecasts',         'AI forecasts',          'ai',            false, '{ai-insights,market-data}', '{}');

INSERT INTO widget_library (widget_id, name, category, feature_id) VALUES
    ('overview',          'Overview',           'core',          'dashboard-core'),
    ('live-ticker',       'Live ticker',        'core',          'real-time-updates'),
    ('activity-feed',     'Activity feed',      'collaboration', 'team-workspaces'),
    ('annotations',       'Annotations',        'collaboration', 'shared-annotations'),
    ('usage-chart',       'Usage',              'analytics',     'usage-analytics'),
    ('report-builder',    'Report builder',     'analytics',     'custom-reports'),
    ('price-curve',       'Price curve',        'trading',       'market-data'),
    ('order-book',        'Order book',         'trading',       'energy-trading-desk'),
    ('bid-suggestions',   'Bid suggestions',    'trading',       'bid-optimizer'),
    ('insight-cards',     'Insights',           'ai',            'ai-insights'),
    ('forecast-band',     'Forecast',           'ai',            'ai-forecasts');

INSERT INTO feature_templates (name, target_audience, features) VALUES
    ('Starter',                  'small teams',      '{dashboard-core,usage-analytics}'),
    ('Collaboration',            'distributed teams', '{dashboard-core,team-workspaces,shared-annotations}'),
    ('Analyst',                  'analysts',         '{dashboard-core,usage-analytics,custom-reports,ai-insights}'),
    ('Energy Trader Enterprise', 'energy traders',
     '{dashboard-core,real-time-updates,usage-analytics,market-data,energy-trading-desk,ai-insights,ai-forecasts,bid-optimizer}');
