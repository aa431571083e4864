-- The nodes of run $1 that have begun, in start order.
SELECT pg_catalog.row_to_json(s) FROM headgate.step AS s WHERE s.run = $1::bigint ORDER BY s.start_order
