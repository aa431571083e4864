-- Puts old values back where what we wrote still stands, column by column.
UPDATE {{table}} AS {{alias}} SET {{set}}
FROM (SELECT {{inputs}}, hg_i.old::jsonb AS hg_old, hg_i.written::jsonb AS hg_written
      FROM ROWS FROM ({{arrays}}) AS hg_i({{names}}, old, written)) AS hg_u
WHERE {{match}} AND ({{stands}})
