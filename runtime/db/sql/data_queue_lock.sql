-- The queued row $3 of step $2 of run $1, locked: its state, and whether it still looks as $4 (JSON). Under '' stands a digest of the
-- whole row; a row that an older version queued has none, and is compared by what people see.
SELECT q.state, q.before IS NOT DISTINCT FROM CASE WHEN q.before ? '' THEN $4::jsonb ELSE $4::jsonb - '' END
FROM headgate.queued_row AS q
WHERE q.run = $1::bigint AND q.step = $2::text AND q.key = $3::text[] FOR UPDATE
