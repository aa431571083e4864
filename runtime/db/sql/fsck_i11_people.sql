-- I11: nobody approves the own run or plan or breaks its glass, nor without a role that the gate asks for, nor after it has expired.
SELECT a.run, a.gate, a.person || ': ' || a.fault
FROM (SELECT p.run, p.gate, p.person,
             CASE WHEN p.person = h.started_by THEN 'started the run'
                  WHEN p.person = n.registered_by THEN 'registered the plan'
                  WHEN p.decision = 'break_glass' THEN CASE WHEN NOT p.roles ? 'administrator' THEN 'broke the glass and is no administrator' END
                  WHEN NOT EXISTS (SELECT 1 FROM jsonb_array_elements_text(p.roles) AS has(role)
                                   WHERE g.approvers ? has.role) THEN 'has none of the roles that the gate asks for'
                  WHEN p.at::timestamptz > g.expires_at THEN 'approved after the gate had expired' END AS fault
      FROM headgate.approval AS p
      JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) ON r.run = p.run
      JOIN headgate.run AS h ON h.id = p.run
      JOIN headgate.plan AS n ON n.hash = h.plan
      JOIN headgate.gate AS g ON g.run = p.run AND g.path = p.gate AND g.digest = p.digest
      WHERE p.decision IN ('approve', 'break_glass')) AS a
WHERE a.fault IS NOT NULL
ORDER BY a.run, a.gate, a.person
