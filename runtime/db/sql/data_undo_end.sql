-- Step $2 of run $1 is undone: its ranges and queue are history.
WITH ranges AS (DELETE FROM headgate.cursor WHERE run = $1::bigint AND step = $2::text AND range >= 0)
DELETE FROM headgate.queued_row WHERE run = $1::bigint AND step = $2::text
