-- {{count}} - 1 values that cut the numbers from the least to the greatest key evenly.
SELECT (low + (high - low) / {{count}} * i)::bigint
FROM (SELECT pg_catalog.min({{key}})::numeric AS low, pg_catalog.max({{key}})::numeric AS high FROM {{source}}) AS ends,
     pg_catalog.generate_series(1, {{count}} - 1) AS i
WHERE low IS NOT NULL ORDER BY i
