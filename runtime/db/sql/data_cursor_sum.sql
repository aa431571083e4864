-- How far step $2 of run $1 is.
SELECT pg_catalog.count(*) AS ranges, pg_catalog.count(*) FILTER (WHERE done) AS ranges_done,
       coalesce(pg_catalog.max(pass), 1) AS pass,
       coalesce(pg_catalog.sum(rows_changed), 0)::bigint AS changed,
       coalesce(pg_catalog.sum(rows_skipped), 0)::bigint AS skipped,
       coalesce(pg_catalog.sum(rows_queued), 0)::bigint AS queued,
       coalesce(pg_catalog.sum(rows_moved), 0)::bigint AS moved,
       coalesce(pg_catalog.sum(batches), 0)::bigint AS batches,
       coalesce(pg_catalog.max(batch_rows), 0) AS batch_rows,
       pg_catalog.count(*) FILTER (WHERE owner IS NOT NULL AND NOT done) AS working
FROM headgate.cursor WHERE run = $1::bigint AND step = $2::text AND range >= 0
