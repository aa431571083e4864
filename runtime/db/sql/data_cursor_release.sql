-- Takes ranges of step $2 of run $1 from worker $3, or from everybody (NULL).
UPDATE headgate.cursor SET owner = NULL
WHERE run = $1::bigint AND step = $2::text AND range >= 0 AND owner IS NOT NULL AND ($3::text IS NULL OR owner = $3::text)
