-- The newest WAL file that the server has marked as archived, and how many us ago it became ready: what is left when a crash has reset
-- the statistics. The mark is the .ready file renamed, so its time is not later than that of the archiving.
SELECT pg_catalog.regexp_replace(name, '\.done$', ''), pg_catalog.to_char(modification AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       (extract(epoch FROM pg_catalog.clock_timestamp() - modification) * 1000000)::bigint
FROM pg_catalog.pg_ls_archive_statusdir() WHERE name ~ '^[0-9A-F]{24}\.done$' ORDER BY modification DESC LIMIT 1
