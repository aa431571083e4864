-- What holds step $2 of run $1 back, and how old that word is.
SELECT duty, each, most, batch_us, pause_us, workers, (extract(epoch FROM pg_catalog.clock_timestamp() - told_at) * 1000)::bigint
FROM headgate.pace WHERE run = $1::bigint AND step = $2::text
