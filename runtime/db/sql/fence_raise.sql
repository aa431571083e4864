-- Raises the fence of run $1 to epoch $2; no row comes back when it stands as high or higher.
INSERT INTO headgate.fence AS f (run, epoch) VALUES ($1::bigint, $2::bigint)
ON CONFLICT (run) DO UPDATE SET epoch = excluded.epoch WHERE f.epoch <= excluded.epoch
RETURNING epoch
