-- The columns of choice $4 (from 0) of queued row $3 of step $2 of run $1: name, value as JSON, value as text. Taken apart here, because
-- a decimal would not survive a parser that has only doubles.
SELECT e.key, e.value::text, e.value #>> '{}'
FROM headgate.queued_row AS q, pg_catalog.jsonb_each(q.choices -> $4::integer -> 'set') AS e
WHERE q.run = $1::bigint AND q.step = $2::text AND q.key = $3::text[]
