-- All people, with how many API tokens they have.
SELECT coalesce(pg_catalog.json_agg(x ORDER BY x.name), '[]') FROM (
    SELECT p.name, p.role, headgate.rfc3339(p.created_at) AS created_at, headgate.rfc3339(p.disabled_at) AS disabled_at,
           p.password IS NOT NULL AS password,
           (SELECT count(*) FROM headgate.token AS t
            WHERE t.person = p.name AND t.kind = 'api' AND t.expires_at > pg_catalog.now()) AS tokens
    FROM headgate.person AS p) AS x
