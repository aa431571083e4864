-- A page of the log of run $1: what of its events is to be read, after seq $2, or, when $3 > 0, the last lines before seq $3; at
-- most $4; $5 path (that node and what is below it), $6 levels ("{error,warn}"), $7 text somewhere in the line; NULL = all. $8: count
-- all that match. The page comes as one object, oldest first; no row when there is no such run.
WITH matching AS NOT MATERIALIZED (
    SELECT * FROM headgate.event_line AS e
    WHERE e.run = $1::bigint AND e.line IS NOT NULL
      AND ($5::text IS NULL OR e.node = $5::text OR pg_catalog.starts_with(e.node, $5::text || '/'))
      AND ($6::text[] IS NULL OR e.level = ANY ($6::text[]))
      AND ($7::text IS NULL OR pg_catalog.strpos(pg_catalog.lower(e.node || ' ' || e.line), pg_catalog.lower($7::text)) > 0)
), page AS (
    (SELECT * FROM matching WHERE $3::bigint = 0 AND seq > $2::bigint ORDER BY seq LIMIT $4::integer)
    UNION ALL
    (SELECT * FROM matching WHERE $3::bigint > 0 AND seq > $2::bigint AND seq < $3::bigint ORDER BY seq DESC LIMIT $4::integer)
)
SELECT pg_catalog.json_build_object('seq', r.last_seq::text, 'lines', coalesce((
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
               'seq', e.seq::text, 'at', headgate.rfc3339(e.at), 'level', e.level, 'path', e.node, 'type', e.type, 'text', e.line)
           ORDER BY e.seq)
    FROM page AS e), '[]'),
    'total', CASE WHEN $8::boolean THEN (SELECT count(*) FROM matching) END)
FROM headgate.run AS r WHERE r.id = $1::bigint
