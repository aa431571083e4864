/* Where transactions begin and are rolled back. A COMMIT is part of a pipeline: exchange.c. */
#include "db/private.h"

bool db_begin(DbConn *conn, Error *err)
{
    invariant(conn->lost || !db_in_transaction(conn));
    return db_query(conn, "BEGIN", NULL, NULL, err);
}

bool db_begin_snapshot(DbConn *conn, Error *err)
{
    invariant(conn->lost || !db_in_transaction(conn));
    return db_query(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NULL, NULL, err);
}

void db_rollback(DbConn *conn)
{
    if (!db_in_transaction(conn))
        return;
    bool before = fiber_shield(true);
    if (!db_query(conn, "ROLLBACK", NULL, NULL, NULL))
        db_lose(conn);
    fiber_shield(before);
}
