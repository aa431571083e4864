-- Takes the fence of run $1 FOR SHARE, if epoch $2 still holds it.
SELECT 1 FROM headgate.fence WHERE run = $1::bigint AND epoch = $2::bigint FOR SHARE
