-- The transactions of import $2 of run $1, as an array of xid. Those that are so old that their number may be in use again are left out.
SELECT coalesce(pg_catalog.array_agg(w.xid::pg_catalog.xid), '{}')::text
FROM headgate.wrote AS w
WHERE w.run = $1::bigint AND w.step = $2::text
  AND pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::numeric - w.xid::text::numeric < 2000000000
