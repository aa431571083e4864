-- I5, in the ledger: when a run rests, every change of its steps was told.
SELECT s.run, s.path, 'change ' || s.version || ' of this step was never told; the last one told is '
                      || coalesce(r.told ->> s.path, 'none')
FROM headgate.step AS s JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, rests boolean, pruned boolean, told jsonb) ON r.run = s.run
WHERE r.rests AND NOT r.pruned AND s.path <> '' AND s.version > coalesce((r.told ->> s.path)::bigint, 0)
ORDER BY s.run, s.start_order
