-- Rows of run $1 that wait for a decision, and how many were decided.
SELECT count(*) FILTER (WHERE state = 'open' AND kind <> 'skip'), count(*) FILTER (WHERE state <> 'open' AND kind <> 'skip')
FROM headgate.queued_row WHERE run = $1::bigint
