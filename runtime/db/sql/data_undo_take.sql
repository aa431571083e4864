-- The next $3 old values of step $2 of run $1; fewer where those before it hold $4 bytes already, as they are stored.
SELECT key, old, written
FROM (
    SELECT next.*, pg_catalog.sum(pg_catalog.pg_column_size(old)) OVER (ORDER BY key ROWS UNBOUNDED PRECEDING) AS bytes
    FROM (
        SELECT key, old, written FROM headgate.old_value WHERE run = $1::bigint AND step = $2::text ORDER BY key LIMIT $3::integer FOR UPDATE
    ) AS next
) AS counted
WHERE bytes - pg_catalog.pg_column_size(old) < $4::bigint ORDER BY key
