-- Answers to node $2 of run $1.
SELECT pg_catalog.row_to_json(a) FROM headgate.answer AS a
WHERE a.run = $1::bigint AND a.path = $2::text ORDER BY a.item
