-- The target that plan $1 names (NULL: none), and the language it was evaluated by.
SELECT graph #>> '{keys,target}', language FROM headgate.plan WHERE hash = $1::text
