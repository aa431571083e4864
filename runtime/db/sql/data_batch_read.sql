-- The next rows of a range, in key order: their version, key and columns.
SELECT {{version}}, {{columns}}
FROM {{source}}
WHERE {{range}} AND ({{where}}
)
ORDER BY {{order}} LIMIT {{limit}}
