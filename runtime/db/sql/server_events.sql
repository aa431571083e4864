-- A page of events of run $1 after seq $2, or, when $3 > 0, the last ones before seq $3; at most $4; $5 types ("log,request"), $6
-- path (that node and what is below it), $7 levels ("{error,warn}"), $8 text somewhere in it; NULL = all. $9: count all that match.
-- The page comes as one object, oldest first; no row when there is no such run. Only the branch that is asked for is read.
WITH matching AS NOT MATERIALIZED (
    SELECT * FROM headgate.event_line AS e
    WHERE e.run = $1::bigint
      AND ($5::text IS NULL OR e.type = ANY (pg_catalog.string_to_array($5::text, ',')))
      AND ($6::text IS NULL OR e.node = $6::text OR pg_catalog.starts_with(e.node, $6::text || '/'))
      AND ($7::text[] IS NULL OR e.level = ANY ($7::text[]))
      AND ($8::text IS NULL OR pg_catalog.strpos(pg_catalog.lower(e.node || ' ' || coalesce(e.line, '') || ' ' || e.data::text),
                                                 pg_catalog.lower($8::text)) > 0)
), page AS (
    (SELECT * FROM matching WHERE $3::bigint = 0 AND seq > $2::bigint ORDER BY seq LIMIT $4::integer)
    UNION ALL
    (SELECT * FROM matching WHERE $3::bigint > 0 AND seq > $2::bigint AND seq < $3::bigint ORDER BY seq DESC LIMIT $4::integer)
)
SELECT pg_catalog.json_build_object('seq', r.last_seq::text, 'events', coalesce((
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
               'run', e.run::text, 'seq', e.seq::text, 'at', headgate.rfc3339(e.at), 'type', e.type, 'node', e.node,
               'level', e.level, 'data', e.data) ORDER BY e.seq)
    FROM page AS e), '[]'),
    'total', CASE WHEN $9::boolean THEN (SELECT count(*) FROM matching) END)
FROM headgate.run AS r WHERE r.id = $1::bigint
