-- Single command to remove everything
DROP SCHEMA feature_planner CASCADE;
