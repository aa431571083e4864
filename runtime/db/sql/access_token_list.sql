-- API tokens and log-in links that are still there.
SELECT coalesce(pg_catalog.json_agg(x ORDER BY x.created_at DESC, x.id), '[]') FROM (
    SELECT pg_catalog.substr(hash, 1, 12) AS id, person, kind, label, headgate.rfc3339(created_at) AS created_at,
           headgate.rfc3339(seen_at) AS seen_at, headgate.rfc3339(expires_at) AS expires_at,
           headgate.rfc3339(used_at) AS used_at
    FROM headgate.token WHERE kind <> 'session') AS x
