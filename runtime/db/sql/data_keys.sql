-- The unique indexes of table $1, each with what would disqualify it as a key to walk along.
SELECT i.indexrelid::regclass::text, i.indisprimary,
       ARRAY(SELECT a.attname::text FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]
             ORDER BY k) AS columns,
       CASE
           WHEN NOT i.indisvalid OR NOT i.indisready OR NOT i.indislive THEN 'it is not valid'
           WHEN NOT i.indimmediate THEN 'it is deferrable, so rows can share a value for a moment'
           WHEN i.indpred IS NOT NULL THEN 'it is partial: rows outside its WHERE have no key'
           WHEN 0 = ANY (i.indkey[0:i.indnkeyatts - 1]) THEN 'it is over an expression'
           WHEN am.amname <> 'btree' THEN 'it is not a btree'
           WHEN EXISTS (SELECT FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k
                        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]
                        WHERE NOT a.attnotnull) THEN 'not all of its columns are NOT NULL'
           WHEN (SELECT pg_catalog.count(DISTINCT i.indoption[k] & 1)
                 FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k) > 1 THEN 'it mixes ASC and DESC'
           WHEN EXISTS (SELECT FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k
                        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]
                        WHERE a.attcollation <> i.indcollation[k]) THEN 'it has a collation of its own'
           -- a type whose operators are not found (citext of another schema) would be compared as another (text), in another order
           WHEN EXISTS (SELECT FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k
                        JOIN pg_catalog.pg_opclass AS o ON o.oid = i.indclass[k]
                        JOIN pg_catalog.pg_amop AS p ON p.amopfamily = o.opcfamily AND p.amopstrategy = 5
                                                    AND p.amoplefttype = o.opcintype AND p.amoprighttype = o.opcintype
                        WHERE NOT pg_catalog.pg_operator_is_visible(p.amopopr))
               THEN 'the operators of its columns'' types are not on the search_path'
       END AS refused
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
WHERE i.indrelid = $1::oid AND i.indisunique
ORDER BY i.indisprimary DESC, c.relname
