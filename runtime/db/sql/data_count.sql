-- Rows that need work.
SELECT pg_catalog.count(*) FROM {{source}} WHERE ({{where}}
)
