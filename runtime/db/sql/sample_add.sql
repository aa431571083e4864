-- One sample of guard $3 in stage $2 of run $1: $4 value or NULL, $5 verdict.
INSERT INTO headgate.sample (run, stage, guard, value, verdict)
VALUES ($1::bigint, $2::text, $3::text, $4::double precision, $5::text)
