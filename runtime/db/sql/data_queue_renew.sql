-- The queued row $3 of step $2 of run $1 has changed since people saw it: now it is $4 (JSON).
UPDATE headgate.queued_row SET before = $4::jsonb, queued_at = pg_catalog.clock_timestamp()
WHERE run = $1::bigint AND step = $2::text AND key = $3::text[] AND state = 'open'
