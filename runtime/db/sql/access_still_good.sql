-- Which of the tokens with hashes $1 are still good; sessions end after $2 idle seconds. They count as seen now.
WITH good AS (
    SELECT t.hash, t.seen_at
    FROM headgate.token AS t JOIN headgate.person AS p ON p.name = t.person
    WHERE t.hash = ANY ($1::text[]) AND p.disabled_at IS NULL AND t.expires_at > pg_catalog.now()
      AND (t.kind = 'api' OR (t.kind = 'session'
           AND t.seen_at > pg_catalog.now() - pg_catalog.make_interval(secs => $2::double precision)))
), seen AS (
    UPDATE headgate.token AS t SET seen_at = pg_catalog.now()
    FROM good WHERE t.hash = good.hash AND good.seen_at < pg_catalog.now() - interval '1 minute'
)
SELECT coalesce(pg_catalog.json_agg(hash), '[]') FROM good
