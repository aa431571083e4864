-- What each guard of the last week measured last.
SELECT DISTINCT ON (s.guard)
       pg_catalog.json_build_object('guard', s.guard, 'value', s.value, 'verdict', s.verdict, 'at', headgate.rfc3339(s.at), 'run', s.run::text)
FROM headgate.sample AS s WHERE s.at > pg_catalog.clock_timestamp() - interval '7 days'
ORDER BY s.guard, s.at DESC
