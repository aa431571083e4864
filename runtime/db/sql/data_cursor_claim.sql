-- An open range of step $2 of run $1 for worker $3. Materialized: inside a nested loop the subquery would run, lock and claim again for
-- every range.
WITH open AS MATERIALIZED (
    SELECT range FROM headgate.cursor
    WHERE run = $1::bigint AND step = $2::text AND range >= 0 AND NOT done AND owner IS NULL
    ORDER BY range LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE headgate.cursor AS c SET owner = $3::text, updated_at = pg_catalog.clock_timestamp()
FROM open WHERE c.run = $1::bigint AND c.step = $2::text AND c.range = open.range
RETURNING c.range, c.pass, c.lower, c.upper, c.last, c.batch_rows
