# 1. Set database environment variables
export DB_HOST=your-production-db-host
export DB_PORT=5432
export DB_NAME=optibid
export DB_USER=your-db-user
export DB_PASSWORD=your-secure-password

# 2. Navigate to project directory
cd /workspace/enterprise-marketing

# 3. Execute migration
chmod +x db/execute-migration.sh
./db/execute-migration.sh

# 4. Verify migration success
psql -h $DB_HOST -p $DB_PORT -U $DB_USER -d $DB_NAME -c "
SELECT COUNT(*) as feature_count FROM feature_definitions;
SELECT COUNT(*) as template_count FROM feature_templates;
SELECT COUNT(*) as widget_count FROM widget_library;
"
