DROP TABLE feature_planner.plan_execution_logs;
DROP TABLE feature_planner.plan_step_templates;
DROP TABLE feature_planner.plan_steps;
DROP TABLE feature_planner.implementation_plan_generations;
DROP TABLE feature_planner.discovered_files;
DROP TABLE feature_planner.file_discovery_sessions;
DROP TABLE feature_planner.feature_refinements;
DROP TABLE feature_planner.feature_plans;

DROP TYPE feature_planner.complexity;
DROP TYPE feature_planner.confidence_level;
DROP TYPE feature_planner.estimated_scope;
DROP TYPE feature_planner.execution_step;
DROP TYPE feature_planner.file_discovery_status;
DROP TYPE feature_planner.file_priority;
DROP TYPE feature_planner.implementation_plan_status;
DROP TYPE feature_planner.plan_status;
DROP TYPE feature_planner.refinement_status;
DROP TYPE feature_planner.risk_level;
DROP TYPE feature_planner.technical_complexity;

DROP SCHEMA feature_planner;
