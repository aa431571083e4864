-- The pace of step $2 of run $1: duty $3 of what its workers could do, which is $4 of the time of each that is left; at most $5;
-- batches of $6 us (0), rests of $7 us (-1) and workers $8 (0: as the plan says).
INSERT INTO headgate.pace (run, step, duty, each, most, batch_us, pause_us, workers)
VALUES ($1::bigint, $2::text, $3::double precision, $4::double precision, $5::double precision, $6::bigint, $7::bigint, $8::integer)
ON CONFLICT (run, step) DO UPDATE
SET duty = excluded.duty, each = excluded.each, most = excluded.most, batch_us = excluded.batch_us, pause_us = excluded.pause_us,
    workers = excluded.workers, told_at = pg_catalog.clock_timestamp()
