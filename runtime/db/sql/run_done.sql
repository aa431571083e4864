-- The newest finished run of plan $1 on database $3 of server $2 in environment $4 with the parameters $5.
SELECT id, finished_at::text FROM headgate.run
WHERE plan = $1::text AND system_identifier = $2::text AND database = $3::text AND environment = $4::text AND params = $5::jsonb AND state = 'done'
ORDER BY id DESC LIMIT 1
