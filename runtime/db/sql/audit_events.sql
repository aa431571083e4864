-- At most $3 entries of the chain of run $1 after number $2: number, hash (hexadecimal), what was hashed, type and node.
SELECT e.seq, pg_catalog.encode(e.hash, 'hex'),
       pg_catalog.jsonb_build_array(e.run, e.seq, pg_catalog.to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), e.epoch,
                                    e.source, e.version, e.type, e.node, e.data)::text,
       e.type, e.node
FROM headgate.event AS e WHERE e.run = $1::bigint AND e.seq > $2::bigint
ORDER BY e.seq LIMIT $3::integer
