-- How many ms the lease of run $1 still lasts.
SELECT greatest(0, extract(epoch FROM until - pg_catalog.clock_timestamp()) * 1000)::bigint, coalesce(owner, '')
FROM headgate.lease WHERE run = $1::bigint
