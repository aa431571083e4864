-- The newest of the times $1 (seconds since 1970, or any form that PostgreSQL reads), one a line: as ISO 8601, how many us ago,
-- and as what was given.
SELECT pg_catalog.to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       (extract(epoch FROM pg_catalog.clock_timestamp() - t.at) * 1000000)::bigint, t.line
FROM (SELECT l.line, CASE WHEN l.line ~ '^[0-9]{1,12}([.][0-9]+)?$' THEN pg_catalog.to_timestamp(l.line::double precision)
                          ELSE l.line::timestamptz END AS at
      FROM pg_catalog.unnest($1::text[]) AS l (line)) AS t
ORDER BY t.at DESC LIMIT 1
