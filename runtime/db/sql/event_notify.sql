-- Tells readers that run $1 has new events. Sent nowhere else, and at most ten times a second.
SELECT pg_catalog.pg_notify('headgate', $1::text)
