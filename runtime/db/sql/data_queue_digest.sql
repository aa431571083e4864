-- Rows that go to the review queue: their places among the keys $1..., their versions, and digests of all that stands in them.
SELECT hg_i.n, {{version}}, pg_catalog.md5(({{alias}}.*)::text)
FROM ROWS FROM ({{arrays}}) WITH ORDINALITY AS hg_i({{names}}, n) JOIN {{source}} ON {{match}}
