-- Which of the keys $3 (array literals) stand in the queue of step $2 of run $1: their positions.
SELECT i.n FROM pg_catalog.unnest($3::text[]) WITH ORDINALITY AS i(key, n)
WHERE EXISTS (SELECT FROM headgate.queued_row AS q
              WHERE q.run = $1::bigint AND q.step = $2::text AND q.key = i.key::text[]
                AND q.state IN ('open', 'skipped'))
ORDER BY i.n
