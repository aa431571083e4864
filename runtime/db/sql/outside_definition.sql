-- The definition, without names, of the index headgate_form that was made on an empty copy of its table.
SELECT CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END
       || substr(d.def, strpos(d.def, ' USING ') + 1)
FROM pg_catalog.pg_index AS i, pg_catalog.pg_get_indexdef(i.indexrelid) AS d (def)
WHERE i.indexrelid = pg_catalog.to_regclass('pg_temp.headgate_form_index')
