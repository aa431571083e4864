/* COPY … FROM STDIN. */
#ifndef HEADGATE_DB_COPY_H
#define HEADGATE_DB_COPY_H

#include "db/conn.h"

/// Waits. Runs sql, a COPY … FROM STDIN, in the open transaction with data in the format it names.
/// *ret_rows is what the server says it has written. Fails as db_query() does.
NODISCARD bool db_copy_in(DbConn *conn, const char *sql, const char *data, size_t bytes,
                          int64_t *ret_rows, Error *err);

#endif
