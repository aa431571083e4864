-- This transaction, of step $2 of run $1, wrote the columns $4 (array literal) of relation $3; NULL = it is that of the step itself.
INSERT INTO headgate.wrote (run, step, xid, relation, columns)
VALUES ($1::bigint, $2::text, pg_catalog.pg_current_xact_id(), $3::oid, $4::text[])
ON CONFLICT (run, xid) DO NOTHING
