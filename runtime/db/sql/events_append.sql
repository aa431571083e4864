-- Appends events to run $1 in epoch $2, in order: $3 sources, $4 versions, $5 types, $6 nodes, $7 data.
SELECT headgate.events_append($1::bigint, $2::bigint, $3::text[], $4::bigint[], $5::text[], $6::text[], $7::jsonb[])
