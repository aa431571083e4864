-- Rows that somebody changed after we read them, as they are now, locked until the batch commits. $1... are their keys.
SELECT {{version}}, {{columns}}, hg_i.hg_n
FROM ROWS FROM ({{arrays}}) WITH ORDINALITY AS hg_i({{names}}, hg_n) JOIN {{source}} ON {{match}}
WHERE ({{where}}
)
ORDER BY hg_i.hg_n FOR NO KEY UPDATE OF {{alias}}
