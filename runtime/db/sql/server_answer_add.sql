-- Item $3 of manual node $2 of run $1 is done, or what "did it happen?" or an obligation is answered with: $4 note, $5 who, $6 by which door and from where. Once; with its
-- event, which says what was asked, and wakes runner and readers.
WITH added AS (
    INSERT INTO headgate.answer (run, path, item, note, by)
    VALUES ($1::bigint, $2::text, $3::integer, $4::text, $5::text)
    ON CONFLICT (run, path, item) DO NOTHING
    RETURNING item, at
), told AS (
    SELECT headgate.event_append($1::bigint, coalesce((SELECT epoch FROM headgate.lease WHERE run = $1::bigint), 0),
                                 'answer:' || $2::text || ':' || $3::text, 1, 'manual.answer', $2::text,
                                 pg_catalog.jsonb_build_object(
                                     'item', $3::integer, 'note', $4::text, 'by', $5::text, 'at', headgate.rfc3339(added.at), 'via', $6::jsonb,
                                     'asked', (SELECT CASE WHEN EXISTS (SELECT FROM headgate.gate WHERE run = $1::bigint AND path = $2::text AND glass) THEN 'obligation'
                                                            WHEN reason ->> 'kind' = 'did_it_happen' THEN 'did_it_happen' ELSE 'done' END
                                               FROM headgate.run WHERE id = $1::bigint))) AS seq
    FROM added
)
SELECT pg_catalog.pg_notify('headgate', $1::text || ' ' || told.seq::text), pg_catalog.pg_notify('headgate_run', $1::text)
FROM told
