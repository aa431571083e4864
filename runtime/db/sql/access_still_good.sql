-- Which of the tokens with hashes $1 are still good and their persons still have the roles $3, one for each; sessions end
-- after $2 idle seconds. They count as seen now.
WITH asked AS (
    SELECT hash, role FROM unnest($1::text[], $3::text[]) AS a (hash, role)
), good AS (
    SELECT DISTINCT t.hash, t.seen_at, p.role
    FROM asked JOIN headgate.token AS t ON t.hash = asked.hash
    JOIN headgate.person AS p ON p.name = t.person AND p.role = asked.role
    WHERE p.disabled_at IS NULL AND t.expires_at > pg_catalog.now()
      AND (t.kind = 'api' OR (t.kind = 'session'
           AND t.seen_at > pg_catalog.now() - pg_catalog.make_interval(secs => $2::double precision)))
), seen AS (
    UPDATE headgate.token AS t SET seen_at = pg_catalog.now()
    FROM good WHERE t.hash = good.hash AND good.seen_at < pg_catalog.now() - interval '1 minute'
)
SELECT coalesce(pg_catalog.json_agg(good.hash || ' ' || good.role), '[]') FROM good
