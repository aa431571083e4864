/* COPY … FROM STDIN. */
#ifndef HEADGATE_DB_COPY_H
#define HEADGATE_DB_COPY_H

#include "db/conn.h"

/// Waits. Begins sql, a COPY … FROM STDIN, in the open transaction. Until db_copy_end() the
/// connection takes nothing but its data, and the fiber waits for nothing else: the server counts
/// that time as the statement's. Fails as db_query() does; then there is nothing to end.
NODISCARD bool db_copy_begin(DbConn *conn, const char *sql, Error *err);
/// Waits. Sends rows in the format that sql names. What the server says against them is told by
/// db_copy_end().
void db_copy_put(DbConn *conn, const char *data, size_t bytes);
/// Waits. *ret_rows is what the server says it has written. Fails as db_query() does.
NODISCARD bool db_copy_end(DbConn *conn, int64_t *ret_rows, Error *err);

#endif
