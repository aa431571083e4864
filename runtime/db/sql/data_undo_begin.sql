-- The cursor of the undo of step $2 of run $1 is range -1: rows_changed counts restored rows, rows_skipped those that somebody changed
-- since. Affects no row when the undo has begun already.
INSERT INTO headgate.cursor (run, step, range) VALUES ($1::bigint, $2::text, -1) ON CONFLICT DO NOTHING
