-- The next orphans of step $2 of run $1 behind key $3 (NULL = from the start): their keys, and their rows as they were mapped.
SELECT key::text, choices -> 0 -> 'set'
FROM headgate.queued_row
WHERE run = $1::bigint AND step = $2::text AND kind = 'orphan' AND state = 'open' AND choices IS NOT NULL
  AND ($3::text[] IS NULL OR key > $3::text[])
ORDER BY key LIMIT 500
