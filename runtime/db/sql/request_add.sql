-- Asks $2 of run $1: $3 body, $4 who, $5 by which door.
INSERT INTO headgate.request (run, kind, body, asked_by, via)
VALUES ($1::bigint, $2::text, coalesce($3::jsonb, '{}'), $4::text, $5::jsonb)
