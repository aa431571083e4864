-- What people did to runs, newest first: $1 person, $2 types ("gate.approval,request"), $3 run (0 = all), $4 plan, $5 text somewhere in
-- it, $6 and $7 from and until when; NULL = all. $8 to $10: the entry (time, run, seq) that the page before ended with, NULL = the first
-- page. Times are microseconds since 1970. At most $11. cursor is what the next page is asked with.
SELECT pg_catalog.json_build_object(
    'run', e.run::text, 'seq', e.seq::text, 'at', headgate.rfc3339(e.at), 'plan', r.plan_name, 'environment', r.environment,
    'who', coalesce(e.data ->> 'by', e.data ->> 'person', e.data ->> 'started_by'), 'what', e.type, 'node', e.node,
    'why', coalesce(nullif(e.data ->> 'why', ''), nullif(e.data ->> 'comment', ''), nullif(e.data ->> 'note', '')),
    'data', e.data,
    'cursor', pg_catalog.concat_ws('.', (extract(epoch FROM e.at) * 1000000)::bigint, e.run, e.seq))
FROM headgate.event AS e JOIN headgate.run AS r ON r.id = e.run
WHERE (e.data ? 'by' OR e.data ? 'person' OR e.data ? 'started_by')
  AND ($1::text IS NULL OR coalesce(e.data ->> 'by', e.data ->> 'person', e.data ->> 'started_by') = $1::text)
  AND ($2::text IS NULL OR e.type = ANY (pg_catalog.string_to_array($2::text, ',')))
  AND ($3::bigint = 0 OR e.run = $3::bigint)
  AND ($4::text IS NULL OR r.plan_name = $4::text)
  AND ($5::text IS NULL OR pg_catalog.strpos(pg_catalog.lower(e.node || ' ' || r.plan_name || ' ' || e.data::text), pg_catalog.lower($5::text)) > 0)
  AND ($6::bigint IS NULL OR e.at >= timestamptz 'epoch' + $6::bigint * interval '1 microsecond')
  AND ($7::bigint IS NULL OR e.at < timestamptz 'epoch' + $7::bigint * interval '1 microsecond')
  AND ($8::bigint IS NULL OR (e.at, e.run, e.seq) < (timestamptz 'epoch' + $8::bigint * interval '1 microsecond', $9::bigint, $10::bigint))
ORDER BY e.at DESC, e.run DESC, e.seq DESC LIMIT $11::integer
