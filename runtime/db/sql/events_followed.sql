-- Did run $1 fail, hold or turn back at its node $4 after version $3 of $2 was told?
SELECT EXISTS (
    SELECT 1 FROM headgate.event AS t
    JOIN headgate.event AS f ON f.run = t.run AND f.source = 'run' AND f.seq > t.seq
    WHERE t.run = $1::bigint AND t.source = $2::text AND t.version = $3::bigint
      AND f.type = 'run.state' AND f.node = $4::text AND f.data ->> 'to' IN ('failed', 'held', 'rolling_back'))
