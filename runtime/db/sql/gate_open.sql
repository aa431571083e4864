-- Opens gate $2 of run $1 if epoch $10 still has the lease: $3 digest, $4 question, $5 approvers, $6 need, $7 evidence, $8 next,
-- $9 expires after us (0 = never), $11 fields, $12 wait us, $13 hours (NULL = always). passes_at() is
-- asked here so that hours with an unknown zone fail before anybody is.
INSERT INTO headgate.gate AS g (run, path, state, digest, question, approvers, need, evidence, next, expires_at, fields, wait_us, hours)
SELECT l.run, $2::text, 'open', $3::text, $4::text, $5::jsonb, $6::integer, $7::jsonb, $8::jsonb,
       CASE WHEN $9::bigint > 0
            THEN pg_catalog.clock_timestamp() + $9::bigint * interval '1 microsecond' END,
       $11::jsonb, $12::bigint, $13::jsonb
FROM headgate.lease AS l WHERE l.run = $1::bigint AND l.epoch = $10::bigint
    AND headgate.passes_at(pg_catalog.clock_timestamp(), $12::bigint, $13::jsonb) IS NOT NULL
ON CONFLICT (run, path) DO UPDATE
SET state = 'open', digest = excluded.digest, question = excluded.question, approvers = excluded.approvers,
    need = excluded.need, evidence = excluded.evidence, next = excluded.next, closed_at = NULL,
    fields = excluded.fields, wait_us = excluded.wait_us, hours = excluded.hours, approved_at = NULL, glass = false,
    checked_at = CASE WHEN g.digest = excluded.digest THEN g.checked_at END,
    expires_at = CASE WHEN g.digest = excluded.digest AND g.state = 'open' THEN g.expires_at ELSE excluded.expires_at END,
    opened_at = CASE WHEN g.digest = excluded.digest AND g.state = 'open' THEN g.opened_at ELSE pg_catalog.clock_timestamp() END
RETURNING 1
