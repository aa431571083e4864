-- Verify tables created
SELECT count(*) FROM information_schema.tables
WHERE table_schema = 'public'
AND table_name IN (
  'organizations',
  'organization_members',
  'role_permissions',
  'vendor_profiles',
  'gift_cards'
);

-- Verify indexes created
SELECT count(*) FROM pg_indexes
WHERE schemaname = 'public'
AND indexname LIKE 'idx_%';

-- Check foreign keys
SELECT count(*) FROM information_schema.table_constraints
WHERE constraint_type = 'FOREIGN KEY'
AND table_schema = 'public';
