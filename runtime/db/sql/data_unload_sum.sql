-- What the undo of import $2 of run $1 has deleted, and what of the imported rows it has left.
SELECT coalesce(pg_catalog.sum(rows_changed) FILTER (WHERE range = -1), 0)::bigint,
       greatest(coalesce(pg_catalog.sum(rows_changed) FILTER (WHERE range >= 0), 0)
                - coalesce(pg_catalog.sum(rows_changed) FILTER (WHERE range = -1), 0)
                + (SELECT pg_catalog.count(*) FROM headgate.queued_row AS q
                   WHERE q.run = $1::bigint AND q.step = $2::text AND q.state = 'applied'), 0)::bigint
FROM headgate.cursor WHERE run = $1::bigint AND step = $2::text
