-- Asks $2 of run $1 if it is still at version $6 and can do it: $3 body, $4 who, $5 idempotency key or NULL. Wakes its
-- runner. $7: the stage that has to be what it watches (advance), or the step whose undo has to be what blocks its rollback, or
-- NULL. $8: by which door. Columns: version and state of the run; stored now; asked before under the same key.
WITH head AS (
    SELECT id, version, state, reason FROM headgate.run WHERE id = $1::bigint FOR SHARE
), before AS (
    SELECT 1 FROM headgate.request WHERE key = $5::text AND run = $1::bigint
), added AS (
    INSERT INTO headgate.request (run, kind, body, asked_by, key, via)
    SELECT id, $2::text, $3::jsonb, $4::text, $5::text, $8::jsonb FROM head
    WHERE version::text = $6::text AND state NOT IN ('rolled_back', 'aborted')
      AND (state <> 'done' OR $2::text = 'rollback') AND ($2::text <> 'tune' OR state IN ('running', 'throttled'))
      AND ($7::text IS NULL OR (reason ->> 'path' = $7::text
           AND CASE $2::text WHEN 'advance' THEN state = 'watching' AND reason ->> 'kind' = 'watch' ELSE state = 'rollback_blocked' END))
    ON CONFLICT (key) DO NOTHING
    RETURNING run
), told AS (
    SELECT pg_catalog.pg_notify('headgate_run', run::text) FROM added
)
SELECT head.version, head.state, EXISTS (SELECT 1 FROM added), EXISTS (SELECT 1 FROM before),
       (SELECT count(*) FROM told)
FROM head
