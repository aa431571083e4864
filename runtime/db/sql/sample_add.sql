-- One sample of guard $3 in stage $2 of run $1, if epoch $6 still has the lease: $4 value or NULL, $5 verdict.
INSERT INTO headgate.sample (run, stage, guard, value, verdict)
SELECT l.run, $2::text, $3::text, $4::double precision, $5::text
FROM headgate.lease AS l WHERE l.run = $1::bigint AND l.epoch = $6::bigint
RETURNING 1
