-- Which database is this?
SELECT system_identifier::text, pg_catalog.current_database()::text FROM pg_catalog.pg_control_system()
