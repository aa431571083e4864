-- Open rows of step $2 of run $1 (TARGET): the one with key $3, or all with reason $4; at most $5. Keys come as array texts;
-- chosen is the choice of the number $6, from 0 (NULL = none).
SELECT pg_catalog.json_build_object('key', key::text, 'choices', coalesce(pg_catalog.jsonb_array_length(choices), 0), 'chosen', choices -> $6::integer)
FROM headgate.queued_row
WHERE run = $1::bigint AND step = $2::text AND state = 'open' AND ($3::text[] IS NULL OR key = $3::text[])
  AND ($4::text IS NULL OR reason = $4::text)
ORDER BY key LIMIT $5::integer
