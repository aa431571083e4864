-- One row by its key, if it still needs work: its version, key and columns, and a digest of all that stands in it; locked.
SELECT {{version}}, {{columns}}, pg_catalog.md5(({{alias}}.*)::text) FROM {{source}}
WHERE {{match}} AND ({{where}}
) FOR NO KEY UPDATE OF {{alias}}
