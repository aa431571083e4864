-- The queued row $3 of step $2 of run $1, locked: its state, and whether it still looks as $4 (JSON).
SELECT q.state, q.before IS NOT DISTINCT FROM $4::jsonb
FROM headgate.queued_row AS q
WHERE q.run = $1::bigint AND q.step = $2::text AND q.key = $3::text[] FOR UPDATE
