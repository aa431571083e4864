-- The decision about row $3 (a text[]) of step $2 of run $1 no longer fits the row: it is asked again.
DELETE FROM headgate.decision WHERE run = $1::bigint AND step = $2::text AND key = $3::text[]
