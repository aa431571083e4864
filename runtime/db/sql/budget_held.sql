-- Was run $1 held because its budget $2 was exceeded?
SELECT EXISTS (SELECT FROM headgate.event WHERE run = $1::bigint AND type = 'run.state' AND data ->> 'to' = 'held'
               AND data #>> '{reason,budget}' = $2::text)
