-- Verify default features loaded
SELECT name, category, default_enabled FROM feature_definitions ORDER BY category;

-- Check widget library populated
SELECT widget_id, name, category FROM widget_library LIMIT 10;

-- Test template system
SELECT name, target_audience FROM feature_templates LIMIT 5;
