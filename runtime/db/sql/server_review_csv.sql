-- The open rows of the review queue of run $1 (TARGET) as fields of a file that people fill in: $2 step, $3 reason (NULL = all); at most $4.
-- A key is a JSON list of texts; choices stand one a line, numbered as people see them; what a row was is cut at $5 characters.
SELECT step, pg_catalog.to_json(key)::text AS key, kind, reason,
       (SELECT pg_catalog.string_agg(
            pg_catalog.concat_ws(' ', c.place::text || '.', c.choice ->> 'label', (c.choice -> 'set')::text), E'\n' ORDER BY c.place)
        FROM pg_catalog.jsonb_array_elements(choices) WITH ORDINALITY AS c (choice, place)) AS choices,
       "left"((before - '')::text, $5::integer) AS before, '' AS decision
FROM headgate.queued_row
WHERE run = $1::bigint AND state = 'open' AND ($2::text IS NULL OR step = $2::text) AND ($3::text IS NULL OR reason = $3::text)
ORDER BY queued_row.step, queued_row.key LIMIT $4::integer
