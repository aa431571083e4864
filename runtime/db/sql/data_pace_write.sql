-- The pace of step $2 of run $1: duty $3, of at most $4; batches of $5 us (0), rests of $6 us (-1) and workers $7 (0: as the plan says).
INSERT INTO headgate.pace (run, step, duty, most, batch_us, pause_us, workers)
VALUES ($1::bigint, $2::text, $3::double precision, $4::double precision, $5::bigint, $6::bigint, $7::integer)
ON CONFLICT (run, step) DO UPDATE
SET duty = excluded.duty, most = excluded.most, batch_us = excluded.batch_us, pause_us = excluded.pause_us, workers = excluded.workers,
    told_at = pg_catalog.clock_timestamp()
