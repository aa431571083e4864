-- I4, in the ledger: no step was written by an epoch above the fence, and no fence stands above its run's lease.
SELECT s.run, s.path, 'it was written in epoch ' || s.epoch || ', and the fence stands at ' || coalesce(f.epoch::text, 'none')
FROM headgate.step AS s
JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) ON r.run = s.run
LEFT JOIN headgate.fence AS f ON f.run = s.run
WHERE s.epoch > coalesce(f.epoch, 0)
UNION ALL
SELECT f.run, '', 'the fence stands at ' || f.epoch || ', and the lease at ' || coalesce(r.epoch::text, 'none')
FROM headgate.fence AS f JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint, epoch bigint, rests boolean) ON r.run = f.run
WHERE r.rests AND f.epoch > coalesce(r.epoch, 0)
