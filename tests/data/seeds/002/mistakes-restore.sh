# 1. Stop application
pm2 stop all

# 2. Restore backup
pg_restore -h HOST -p PORT -U USER -d DATABASE \
  --clean --if-exists \
  backups/migration_backup_TIMESTAMP.sql

# 3. Verify restoration
npx prisma migrate status

# 4. Restart application
