-- Request $1 was handled, with outcome $2.
UPDATE headgate.request SET handled_at = pg_catalog.clock_timestamp(), outcome = $2::text WHERE id = $1::bigint
