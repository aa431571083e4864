-- The database's clock, and when the session with hash $1 ends: at the latest, and after $2 idle seconds; NULL for what is no session.
SELECT headgate.rfc3339(pg_catalog.clock_timestamp()), headgate.rfc3339(t.expires_at),
       headgate.rfc3339(t.seen_at + pg_catalog.make_interval(secs => $2::double precision))
FROM (SELECT) AS one LEFT JOIN headgate.token AS t ON t.hash = $1::text AND t.kind = 'session'
