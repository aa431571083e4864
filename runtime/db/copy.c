/* COPY … FROM STDIN: one exchange over several calls. */
#include "db/copy.h"
#include "db/private.h"

bool db_copy_begin(DbConn *conn, const char *sql, Error *err)
{
    if (!db_exchange_begin(conn, sql, 1, err))
        return false;
    if (pq->sendQuery(conn->pg, sql) != 1)
        return db_exchange_send_failed(conn, err);
    db_flush(conn);
    PGresult *first = db_exchange_next(conn);
    if (first != NULL && pq->resultStatus(first) == PGRES_COPY_IN) {
        pq->clear(first);
        return true;
    }
    bool copied_out = false;
    pq->clear(db_exchange_collect(conn, &copied_out));
    bool ok = db_exchange_finish(conn, first, NULL, NULL, err);
    DB_FAULT_AFTER(conn);
    return ok ? error_set(err, ERROR_INPUT, "\"%s\" is no COPY ... FROM STDIN", sql) : false;
}

/* Piece by piece, so that libpq's buffer stays small. */
void db_copy_put(DbConn *conn, const char *data, size_t bytes)
{
    enum { PIECE_BYTES = 128 * 1024 };
    conn->copying = true;
    while (bytes > 0 && !conn->lost) {
        size_t piece = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
        int put = pq->putCopyData(conn->pg, data, (int)piece);
        if (put < 0) {
            db_lose(conn);
            break;
        }
        data += put > 0 ? piece : 0;
        bytes -= put > 0 ? piece : 0;
        db_flush(conn);
        while (!conn->lost && pq->flush(conn->pg) > 0)
            fiber_wait();
    }
    conn->copying = false;
}

bool db_copy_end(DbConn *conn, int64_t *ret_rows, Error *err)
{
    bool copied_out = false;
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!conn->lost && pq->putCopyEnd(conn->pg, NULL) != 1)
        db_lose(conn);
    db_flush(conn);
    PGresult *rest = db_exchange_collect(conn, &copied_out);
    bool ok = db_exchange_finish(conn, rest, &result, NULL, err);
    DB_FAULT_AFTER(conn);
    if (ok)
        *ret_rows = db_affected(result);
    return ok;
}
