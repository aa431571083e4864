-- How far the undo of step $2 of run $1 is: restored, left as they are, to do.
SELECT coalesce(pg_catalog.sum(c.rows_changed), 0)::bigint, coalesce(pg_catalog.sum(c.rows_skipped), 0)::bigint,
       (SELECT pg_catalog.count(*) FROM headgate.old_value AS o WHERE o.run = $1::bigint AND o.step = $2::text)
FROM headgate.cursor AS c WHERE c.run = $1::bigint AND c.step = $2::text AND c.range = -1
