-- Check all tables created
SELECT table_name 
FROM information_schema.tables 
WHERE table_schema = 'public' 
AND table_name LIKE '%feature%' 
ORDER BY table_name;

-- Verify trigger functions exist
SELECT proname FROM pg_proc WHERE proname = 'update_updated_at_column';

-- Check validation functions
SELECT proname FROM pg_proc WHERE proname LIKE '%validate%';
