-- Stores bundle $3 (bytea as hex text) of plan $2 under its hash $1. $4 the checked tree for people, $5 the graph as evaluated, $6 its hash,
-- $7 language, $8 person.
INSERT INTO headgate.plan (hash, name, bytes, graph, graph_text, graph_hash, language, registered_by)
VALUES ($1::text, $2::text, $3::bytea, $4::jsonb, $5::text, $6::text, $7::integer, $8::text)
ON CONFLICT (hash) DO NOTHING
