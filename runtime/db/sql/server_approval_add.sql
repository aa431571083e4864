-- Writes what a person says about gate $2 of run $1 with its event, and wakes runner and readers: $3 digest, $4 person, $5 roles,
-- $6 decision, $7 comment, $8 at, $9 signature, $10 fields, $11 nth, $12 by which door and from where (told in the event). Nowhere else is an approval written.
WITH added AS (
    INSERT INTO headgate.approval (run, gate, digest, person, roles, decision, comment, at, signature, fields, nth)
    VALUES ($1::bigint, $2::text, $3::text, $4::text, $5::jsonb, $6::text, $7::text, $8::text, $9::text, $10::jsonb, $11::integer)
    RETURNING id
), counted AS (
    UPDATE headgate.gate AS g SET said = g.said + 1 FROM added WHERE g.run = $1::bigint AND g.path = $2::text
), told AS (
    SELECT headgate.event_append($1::bigint, coalesce((SELECT epoch FROM headgate.lease WHERE run = $1::bigint), 0),
                                 'approval:' || $2::text, added.id, 'gate.approval', $2::text,
                                 pg_catalog.jsonb_build_object('person', $4::text, 'decision', $6::text, 'comment', $7::text,
                                                               'roles', $5::jsonb, 'digest', $3::text, 'at', $8::text,
                                                               'signature', $9::text, 'fields', $10::jsonb, 'nth', $11::integer, 'via', $12::jsonb)) AS seq
    FROM added
)
SELECT pg_catalog.pg_notify('headgate', $1::text || ' ' || told.seq::text), pg_catalog.pg_notify('headgate_run', $1::text)
FROM told
