-- The graph of plan $1, if it is registered and was evaluated by the language $2.
SELECT graph_text FROM headgate.plan WHERE hash = $1::text AND language = $2::integer
