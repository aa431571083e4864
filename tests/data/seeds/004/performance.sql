-- Test common queries with EXPLAIN ANALYZE
EXPLAIN ANALYZE
SELECT * FROM feature_planner.feature_plans
WHERE user_id = 'some-user-id'
ORDER BY created_at DESC
LIMIT 10;

EXPLAIN ANALYZE
SELECT fp.*, fr.refined_request
FROM feature_planner.feature_plans fp
LEFT JOIN feature_planner.feature_refinements fr ON fr.plan_id = fp.id
WHERE fp.status = 'completed'
ORDER BY fp.created_at DESC;

-- Verify indexes are being used
