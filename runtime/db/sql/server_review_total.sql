-- How many rows of the review queue of run $1 match (TARGET): $2 state, $3 step, $4 reason; NULL = all.
SELECT count(*) FROM headgate.queued_row
WHERE run = $1::bigint AND ($2::text IS NULL OR state = $2::text) AND ($3::text IS NULL OR step = $3::text)
  AND ($4::text IS NULL OR reason = $4::text)
