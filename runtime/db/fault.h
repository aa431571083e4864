/* The points that statements have by themselves in a test build (base/fault.h): each statement of
 * runtime/db/sql/ that writes, by its file's name, and the plan's own SQL as "plan_sql":
 * NAME.before, NAME.sent, NAME.after; and for the transaction that it was the last write of:
 * NAME.before_commit, NAME.commit_sent, NAME.after_commit. */
#ifndef HEADGATE_DB_FAULT_H
#define HEADGATE_DB_FAULT_H

#include "base/fault.h"

#include <libpq-fe.h>

#ifdef HEADGATE_FAULTS
enum { DB_FAULT_NAME_BYTES = 64 };

/// What a connection is at, for the names of points.
typedef struct DbFault {
    char statement[DB_FAULT_NAME_BYTES]; ///< last write of this exchange; "" = it only reads
    char write[DB_FAULT_NAME_BYTES];     ///< the last write of this transaction
    bool commit;                         ///< this exchange is a COMMIT
} DbFault;

/// Before a statement is handed to libpq. sql "COMMIT" and "ROLLBACK" end a transaction.
void db_fault_before(DbFault *fault, PGconn *pg, const char *sql);
/// After it was written to the socket.
void db_fault_sent(DbFault *fault, PGconn *pg);
/// After the server answered.
void db_fault_after(DbFault *fault, PGconn *pg);
#define DB_FAULT_BEFORE(conn, sql) db_fault_before(&(conn)->fault, (conn)->pg, sql)
#define DB_FAULT_SENT(conn) db_fault_sent(&(conn)->fault, (conn)->pg)
#define DB_FAULT_AFTER(conn) db_fault_after(&(conn)->fault, (conn)->pg)
#else
#define DB_FAULT_BEFORE(conn, sql) UNUSED(conn)
#define DB_FAULT_SENT(conn) UNUSED(conn)
#define DB_FAULT_AFTER(conn) UNUSED(conn)
#endif

#ifdef HEADGATE_BUGS
/// The statement with the bug that is switched on, or text itself.
const char *db_bug_sql(const char *name, const char *text);
#define DB_BUG_SQL(name, text) db_bug_sql(name, text)
#else
#define DB_BUG_SQL(name, text) (text)
#endif

#endif
