-- Settles the queued row $3 of step $2 of run $1: state $4.
UPDATE headgate.queued_row SET state = $4::text, settled_at = pg_catalog.clock_timestamp()
WHERE run = $1::bigint AND step = $2::text AND key = $3::text[] AND state = 'open'
