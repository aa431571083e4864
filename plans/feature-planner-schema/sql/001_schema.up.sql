-- USAGE lets the application look names up; CREATE stays with the owner.
CREATE SCHEMA feature_planner;
COMMENT ON SCHEMA feature_planner IS 'The feature planner: a tool of development, apart from the tables of production';
GRANT USAGE ON SCHEMA feature_planner TO authenticated;
