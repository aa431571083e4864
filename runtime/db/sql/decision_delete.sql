-- The decision about row $3 (a text[]) of step $2 of run $1 no longer fits the row: it is asked again. Returns a row if epoch
-- $4 still has the lease, also when nobody had decided.
WITH ours AS (
    SELECT run FROM headgate.lease WHERE run = $1::bigint AND epoch = $4::bigint
), gone AS (
    DELETE FROM headgate.decision AS d USING ours
    WHERE d.run = ours.run AND d.step = $2::text AND d.key = $3::text[]
)
SELECT 1 FROM ours
