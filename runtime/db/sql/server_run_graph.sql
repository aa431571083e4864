-- The plan's graph of run $1.
SELECT p.graph::text FROM headgate.run AS r JOIN headgate.plan AS p ON p.hash = r.plan WHERE r.id = $1::bigint
