-- How many bytes of its files step $2 of run $1 has dealt with, and how many there are.
SELECT coalesce(pg_catalog.sum(CASE WHEN done THEN upper[2]::bigint ELSE coalesce(last[2], lower[2])::bigint END
                               - lower[2]::bigint), 0)::bigint,
       coalesce(pg_catalog.sum(upper[2]::bigint - lower[2]::bigint), 0)::bigint
FROM headgate.cursor WHERE run = $1::bigint AND step = $2::text AND range >= 0
