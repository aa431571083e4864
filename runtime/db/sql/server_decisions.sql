-- Decisions about the rows with steps $2 and keys $3 (two arrays, keys as array texts) of run $1.
SELECT pg_catalog.json_build_object('step', d.step, 'key', d.key, 'decision', d.decision, 'decided_by', d.decided_by,
                                    'decided_at', headgate.rfc3339(d.decided_at))
FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS wanted (step, key)
JOIN headgate.decision AS d ON d.run = $1::bigint AND d.step = wanted.step AND d.key = wanted.key::text[]
