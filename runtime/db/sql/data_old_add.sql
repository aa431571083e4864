-- Remembers what step $2 of run $1 overwrote: keys $3 (array literals), old columns $4 (JSON of texts), digests of what
-- was written $5 (JSON). A column that we write twice keeps its first old value, unless somebody else wrote in between.
INSERT INTO headgate.old_value AS o (run, step, key, old, written)
SELECT $1::bigint, $2::text, i.key::text[], i.old::jsonb, i.written
FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[]))
     AS i(key, old, written)
ON CONFLICT (run, step, key) DO UPDATE
SET old = EXCLUDED.old || coalesce(
        (SELECT pg_catalog.jsonb_object_agg(k.key, k.value) FROM pg_catalog.jsonb_each(o.old) AS k
         WHERE NOT EXCLUDED.old ? k.key
            OR o.written::jsonb ->> k.key = coalesce(pg_catalog.md5(EXCLUDED.old ->> k.key), 'null')), '{}'),
    written = (o.written::jsonb || EXCLUDED.written::jsonb)::text
