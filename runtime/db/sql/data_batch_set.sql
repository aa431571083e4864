-- Sets columns to expressions in the rows of a batch that still need it.
UPDATE {{table}} AS {{alias}} SET {{set}}{{old}}
WHERE {{match}} AND {{range}} AND ({{where}}
)
RETURNING {{returning}}
