-- Takes ranges of step $2 of run $1 from workers that had joined and whose backends are gone, which also means that their last COMMIT
-- is over. Backends of this run's epoch are called $3.
UPDATE headgate.cursor AS c SET owner = NULL
WHERE c.run = $1::bigint AND c.step = $2::text AND pg_catalog.starts_with(c.owner, 'joined:')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a
                  WHERE a.pid = pg_catalog.split_part(c.owner, ':', 2)::integer AND a.application_name = $3::text)
