-- The decision about row $3 (a text[]) of step $2 of run $1 no longer fits the row: it is asked again, and readers are told. Returns a
-- row if epoch $4 still has the lease, also when nobody had decided.
WITH ours AS (
    SELECT run, epoch, owner FROM headgate.lease WHERE run = $1::bigint AND epoch = $4::bigint
), gone AS (
    DELETE FROM headgate.decision AS d USING ours
    WHERE d.run = ours.run AND d.step = $2::text AND d.key = $3::text[]
    RETURNING d.run, d.key
), told AS (
    SELECT headgate.event_append(ours.run, ours.epoch, 'review.again', 0, 'review.again', $2::text,
                                 pg_catalog.jsonb_build_object('key', gone.key)) AS seq, coalesce(ours.owner, '') AS owner
    FROM gone JOIN ours ON ours.run = gone.run
), kept AS (
    INSERT INTO headgate.decided (run, seq, place, step, key, decision, decided_by, decided_at)
    SELECT $1::bigint, told.seq, 1, $2::text, $3::text[], NULL, told.owner, pg_catalog.clock_timestamp() FROM told
)
SELECT 1 FROM ours
