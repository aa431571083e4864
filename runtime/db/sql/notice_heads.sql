-- Once an hour, by one of those who ask: is webhook $2 of environment $1 to be told the heads? Nobody else for $3 ms; then notice_told
-- of run 0 sets the hour. The heads of that environment's runs that have changed since, as one JSON list.
WITH due AS (
    UPDATE headgate.notice SET next_at = pg_catalog.clock_timestamp() + $3::bigint * interval '1 millisecond'
    WHERE environment = $1::text AND name = $2::text AND run = 0 AND next_at <= pg_catalog.clock_timestamp()
    RETURNING problem
)
SELECT coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                            'run', r.id::text, 'seq', r.last_seq::text, 'hash', pg_catalog.encode(r.head, 'hex'),
                            'at', headgate.rfc3339(pg_catalog.clock_timestamp()), 'plan', r.plan_name, 'state', r.state) ORDER BY r.id)
                 FROM headgate.run AS r
                 WHERE r.environment = $1::text
                   AND (r.state NOT IN ('done', 'rolled_back', 'aborted') OR r.state_since > pg_catalog.now() - interval '2 hours')), '[]')
FROM due
