-- Moves node $3 (kind $4) of run $1 to state $5 in epoch $2: $6 attempt, $7 detail (NULL keeps), $8 error, $9 finished; $10: us since the
-- attempt began.
INSERT INTO headgate.step AS s (run, path, kind, state, epoch, start_order, attempt, detail, error, started_at, finished_at)
VALUES ($1::bigint, $3::text, $4::text, $5::text, $2::bigint,
        (SELECT coalesce(max(o.start_order), 0) + 1 FROM headgate.step AS o WHERE o.run = $1::bigint),
        $6::integer, coalesce($7::jsonb, '{}'), $8::jsonb, pg_catalog.clock_timestamp() - $10::bigint * interval '1 microsecond',
        CASE WHEN $9::boolean THEN pg_catalog.clock_timestamp() END)
ON CONFLICT (run, path) DO UPDATE
SET state = excluded.state, epoch = excluded.epoch, version = s.version + 1, attempt = excluded.attempt,
    detail = coalesce($7::jsonb, s.detail), error = excluded.error,
    started_at = CASE WHEN excluded.attempt > s.attempt THEN excluded.started_at ELSE s.started_at END,
    finished_at = excluded.finished_at
RETURNING s.version, headgate.rfc3339(s.started_at), headgate.rfc3339(s.finished_at)
