-- Why did a change of run $1 find nothing: another epoch, or another state?
SELECT l.epoch, r.state FROM headgate.run AS r JOIN headgate.lease AS l ON l.run = r.id WHERE r.id = $1::bigint
