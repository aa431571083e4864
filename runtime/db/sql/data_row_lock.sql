-- One row by its key, if it still needs work: its version, key and columns, locked.
SELECT {{version}}, {{columns}} FROM {{source}}
WHERE {{match}} AND ({{where}}
) FOR NO KEY UPDATE OF {{alias}}
