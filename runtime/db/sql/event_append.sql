-- Appends an event to run $1 in epoch $2: $3 source, $4 version, $5 type, $6 node, $7 data.
SELECT headgate.event_append($1::bigint, $2::bigint, $3::text, $4::bigint, $5::text, $6::text, $7::jsonb)
