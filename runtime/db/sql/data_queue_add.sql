-- Puts rows of step $2 of run $1 into the review queue: keys $3 (array literals), kinds $4, reasons $5, choices $6 and
-- the rows as they were $7 (JSON). What a map skips is settled at once.
INSERT INTO headgate.queued_row (run, step, key, kind, reason, choices, before, state)
SELECT $1::bigint, $2::text, i.key::text[], i.kind, i.reason, i.choices::jsonb, i.before::jsonb,
       CASE WHEN i.kind = 'skip' THEN 'skipped' ELSE 'open' END
FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[]),
                pg_catalog.unnest($6::text[]), pg_catalog.unnest($7::text[]))
     AS i(key, kind, reason, choices, before)
ON CONFLICT (run, step, key) DO UPDATE
SET kind = EXCLUDED.kind, reason = EXCLUDED.reason, choices = EXCLUDED.choices, before = EXCLUDED.before,
    state = EXCLUDED.state, queued_at = pg_catalog.clock_timestamp(), settled_at = NULL
