-- Of run $1 event $2 was told, which happened at $3: the newest event that is still as it was told. After a failover the
-- number may belong to another event, and what happened before $3 is what was there before it.
SELECT coalesce((SELECT max(seq) FROM headgate.event
                  WHERE run = $1::bigint AND (seq < $2::bigint AND at < $3::timestamptz OR seq = $2::bigint AND at = $3::timestamptz)), 0)
