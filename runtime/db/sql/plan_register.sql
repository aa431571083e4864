-- Stores bundle $3 (bytea as hex text) of plan $2 under its hash $1. $4 graph, $5 its hash, $6 language, $7 person.
INSERT INTO headgate.plan (hash, name, bytes, graph, graph_text, graph_hash, language, registered_by)
VALUES ($1::text, $2::text, $3::bytea, $4::jsonb, $4::text, $5::text, $6::integer, $7::text)
ON CONFLICT (hash) DO NOTHING
