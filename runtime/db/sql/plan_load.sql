-- Bundle and graph of plan $1.
SELECT pg_catalog.encode(bytes, 'base64'), graph_text, language, registered_by FROM headgate.plan WHERE hash = $1::text
