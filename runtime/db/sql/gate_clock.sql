-- When a gate that has its approvals since $1 lets the run go on ($2 wait us, $3 hours, both as the plan says), and in how many us.
SELECT pg_catalog.json_build_object(
    'passes_at', headgate.rfc3339(p.passes_at),
    'left_us', greatest((extract(epoch FROM p.passes_at - pg_catalog.clock_timestamp()) * 1000000)::bigint, 0))
FROM (SELECT headgate.passes_at($1::timestamptz, $2::bigint, $3::jsonb) AS passes_at) AS p
