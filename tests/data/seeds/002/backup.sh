pg_dump -h localhost -p 5432 -U citadelbuy citadelbuy_prod \
  --format=custom \
  --compress=9 \
  --file=backup_pre_migration_$(date +%Y%m%d_%H%M%S).sql
