-- Without CASCADE: a schema that is not empty stays, and the rollback says so.
DROP SCHEMA feature_planner;
