-- A page of events of run $1: after seq $2, or, when $3 > 0, the last ones before seq $3; at most $4; $5 type or NULL.
-- The page comes as one object, oldest first; no row when there is no such run.
SELECT pg_catalog.json_build_object('seq', r.last_seq::text, 'events', coalesce((
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
               'run', e.run::text, 'seq', e.seq::text, 'at', headgate.rfc3339(e.at), 'type', e.type, 'node', e.node,
               'data', e.data) ORDER BY e.seq)
    FROM (SELECT * FROM headgate.event
          WHERE run = r.id AND seq > $2::bigint AND ($3::bigint = 0 OR seq < $3::bigint)
            AND ($5::text IS NULL OR type = $5::text)
          ORDER BY CASE WHEN $3::bigint = 0 THEN seq ELSE -seq END LIMIT $4::integer) AS e), '[]'))
FROM headgate.run AS r WHERE r.id = $1::bigint
