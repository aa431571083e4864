-- The graph of the plan with hash $1.
SELECT graph::text FROM headgate.plan WHERE hash = $1::text
