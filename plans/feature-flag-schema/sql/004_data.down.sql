-- Only what 004_data.up.sql wrote. Rows that the application added stay for the undo of the tables, which copies them
-- before it drops anything.
DELETE FROM feature_templates WHERE name IN ('Starter', 'Collaboration', 'Analyst', 'Energy Trader Enterprise');

DELETE FROM widget_library WHERE widget_id IN
    ('overview', 'live-ticker', 'activity-feed', 'annotations', 'usage-chart', 'report-builder', 'price-curve', 'order-book',
     'bid-suggestions', 'insight-cards', 'forecast-band');

DELETE FROM feature_definitions WHERE feature_id IN
    ('dashboard-core', 'real-time-updates', 'batch-updates', 'team-workspaces', 'shared-annotations', 'usage-analytics',
     'custom-reports', 'market-data', 'energy-trading-desk', 'bid-optimizer', 'ai-insights', 'ai-forecasts');
