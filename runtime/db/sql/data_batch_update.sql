-- Writes what a map returned for a batch of rows, where each still is the version that was mapped.
UPDATE {{table}} AS {{alias}} SET {{set}}
FROM (SELECT {{inputs}}, hg_i.n FROM ROWS FROM ({{arrays}}) WITH ORDINALITY AS hg_i({{names}}, n)) AS hg_u{{old}}
WHERE {{match}} AND {{range}}
RETURNING {{returning}}
