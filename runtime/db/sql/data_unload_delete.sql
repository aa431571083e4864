-- Rows of a piece of the table, blocks $2 up to $3, that transactions $1 wrote last and that no row of others refers to.
DELETE FROM {{table}} AS hg_t
WHERE hg_t.ctid >= $2::pg_catalog.tid AND hg_t.ctid < $3::pg_catalog.tid AND hg_t.xmin = ANY ($1::pg_catalog.xid[]){{references}}
