/* Connections to PostgreSQL on the loop. Every function marked "waits" suspends the calling fiber.
 * One fiber at a time may use a connection (invariant). */
#ifndef HEADGATE_DB_CONN_H
#define HEADGATE_DB_CONN_H

#include "base/arena.h"
#include "loop/fiber.h"

typedef struct DbConn DbConn;
typedef struct DbResult DbResult;

/// Where to connect. Strings are borrowed for the call.
typedef struct DbTarget {
    const char *conninfo; ///< libpq conninfo or URI; "" = PG* variables, .pgpass, service file
    const char *database; ///< instead of the one that conninfo names; NULL = that one
    const char *application_name; ///< "headgate:<run>:<epoch>" for effects
    const char *search_path;      ///< NULL = pg_catalog only
    int connect_timeout_ms;       ///< 0 = BOUND_CONNECT_MS
    int lock_timeout_ms;          ///< 0 = BOUND_LOCK_TIMEOUT_MS; < 0 = none
    int statement_timeout_ms;     ///< 0 = BOUND_STATEMENT_TIMEOUT_MS; < 0 = none
    bool pooler_session;          ///< the target says `pooler: session`: PQbackendPID may differ
    bool read_only;               ///< default_transaction_read_only = on
} DbTarget;

/// Waits. Opens a connection (PQconnectdb on the thread pool), sets every session variable of
/// DESIGN §9 and refuses servers before 13 and transaction poolers. Ends with db_close().
NODISCARD bool db_open(Loop *loop, const DbTarget *target, DbConn **ret_conn, Error *err);
/// The decision about poolers: the process id that connecting announced must be that of the backend
/// in which statements run, unless the target says that its pooler works in session mode.
NODISCARD bool db_pooler_check(int announced_pid, int backend_pid, bool pooler_session, Error *err);
/// Closes at once (an open transaction is rolled back by the server); NULL is fine. Broadcasts the
/// events of db_listen(), which must still exist.
void db_close(DbConn *conn);
void db_close_auto(DbConn **conn);
bool db_usable(const DbConn *conn); ///< false once the connection was lost
bool db_in_transaction(const DbConn *conn);
bool db_in_aborted(const DbConn *conn); ///< in a transaction that can only be rolled back
int db_backend_pid(const DbConn *conn);
int db_server_version(const DbConn *conn); ///< 150008

/// A parameter list of text values; NULL = SQL NULL. Built on the stack: (const char *[]){a, b}.
typedef struct DbParams {
    int count;
    const char *const *values;
    const int *lengths;    ///< only with formats; NULL = all text
    const int *formats;    ///< 1 = binary; NULL = all text
    const unsigned *types; ///< OIDs; NULL = the server infers them
} DbParams;

#define DB_PARAMS(...)                                                                             \
    (&(DbParams){.count = (int)COUNT_OF(((const char *[]){__VA_ARGS__})),                          \
                 .values = (const char *[]){__VA_ARGS__}})

/// Waits. Runs one statement with parameters (extended protocol). *ret_result (may be NULL to drop
/// it) is owned by the caller. ERROR_DATABASE with sqlstate, or ERROR_UNREACHABLE when the
/// connection was lost. When the fiber is cancelled meanwhile, the server is asked to cancel and
/// its answer is waited for: ERROR_CANCELLED, or success when the statement was faster. A server
/// that has not answered 5 s after statement_timeout is asked to cancel, after 5 s more the
/// connection is lost.
NODISCARD bool db_query(DbConn *conn, const char *sql, const DbParams *params,
                        DbResult **ret_result, Error *err);
/// Takes row 0 of row, which is gone when this returns. False: no more are wanted.
typedef bool DbEach(void *ctx, const DbResult *row);
/// Waits. db_query() that holds one row at a time. When no more are wanted the server is asked to
/// stop: nothing has failed, but a transaction that was open may be aborted.
NODISCARD bool db_query_each(DbConn *conn, const char *sql, const DbParams *params, DbEach *each,
                             void *ctx, Error *err);
/// Same as db_query(), prepared once per connection (found again by its text): for embedded
/// statements. What exceeds the table of 192 statements is run unprepared.
NODISCARD bool db_query_prepared(DbConn *conn, const char *sql, const DbParams *params,
                                 DbResult **ret_result, Error *err);
/// Waits. Simple protocol: several statements, no parameters. The last result. position (1-based,
/// in characters, 0 = unknown) of a failing statement's error goes to *ret_position (may be NULL).
/// No deadline of ours: the statements may set their own. COPY from or to the client is an error.
NODISCARD bool db_exec(DbConn *conn, const char *sql, DbResult **ret_result, int *ret_position,
                       Error *err);
/// Waits. Many statements in one round trip (pipeline mode); the first error counts and the rest is
/// skipped. Runs inside the caller's transaction, or is one transaction by itself. ret_results:
/// count results for the caller, or NULL; untouched when it fails.
typedef struct DbStatement {
    const char *sql;
    const DbParams *params; ///< NULL = none
    bool prepared;          ///< as db_query_prepared() does
} DbStatement;
NODISCARD bool db_pipeline(DbConn *conn, const DbStatement *statements, size_t count,
                           DbResult **ret_results, Error *err);
/// Where a script stopped.
typedef struct DbPlace {
    size_t statement; ///< from 0
    int position;     ///< as db_exec() gives it
} DbPlace;
/// Waits. db_pipeline() of statements that are not ours: no deadline, they may set their own. The
/// server takes one statement a text here, where db_exec() would take several.
NODISCARD bool db_script(DbConn *conn, const DbStatement *statements, size_t count,
                         DbResult **ret_results, DbPlace *ret_place, Error *err);

NODISCARD bool db_begin(DbConn *conn, Error *err);
/// Begins a transaction that only reads, and sees the database as of its first statement.
NODISCARD bool db_begin_snapshot(DbConn *conn, Error *err);
/// A lost connection here leaves the outcome unknown: ERROR_UNREACHABLE, read the ledger.
NODISCARD bool db_commit(DbConn *conn, Error *err);
/// Waits. db_pipeline() and db_commit() in one round trip: the first error skips the COMMIT too,
/// and the caller rolls back. Nothing in it can be cancelled.
NODISCARD bool db_pipeline_commit(DbConn *conn, const DbStatement *statements, size_t count,
                                  DbResult **ret_results, Error *err);
/// Never fails: if it cannot roll back, the connection is marked lost.
void db_rollback(DbConn *conn);

/// Any fiber may call this while another waits in a statement of conn: asks the server to cancel it
/// (SQLSTATE 57014). Does nothing when conn is idle or commits.
void db_cancel(DbConn *conn);

/// Waits. NOTIFY arrives as a broadcast of *event (also when the connection is lost).
NODISCARD bool db_listen(DbConn *conn, const char *channel, FiberEvent *event, Error *err);

/// Results: text values, NUL-terminated, owned by the result.
int db_rows(const DbResult *result);
int db_columns(const DbResult *result);
const char *db_column_name(const DbResult *result, int column);
unsigned db_column_type(const DbResult *result, int column); ///< OID
bool db_is_null(const DbResult *result, int row, int column);
const char *db_value(const DbResult *result, int row, int column); ///< "" for NULL
int db_value_bytes(const DbResult *result, int row, int column);
int64_t db_int(const DbResult *result, int row, int column); ///< 0 for NULL
bool db_bool(const DbResult *result, int row, int column);
int64_t db_affected(const DbResult *result);
const char *db_command(const DbResult *result); ///< "UPDATE 3"
void db_result_free(DbResult *result);
void db_result_auto(DbResult **result);

enum { DB_IDENTIFIER_MAX_BYTES = 63 }; ///< of a name in the database

/// "quoted" identifier, allocated from arena; NULL and err for invalid encodings and names that the
/// server would not take as they are: empty, or longer than DB_IDENTIFIER_MAX_BYTES.
NODISCARD const char *db_quote_identifier(DbConn *conn, Arena *arena, const char *name, Error *err);
NODISCARD const char *db_quote_literal(DbConn *conn, Arena *arena, const char *text, Error *err);
/// Parses '{a,"b c",NULL}' into count strings (NULL for NULL) from arena.
NODISCARD bool db_array_parse(Arena *arena, const char *text, char ***ret_items, size_t *ret_count,
                              Error *err);
/// The reverse.
const char *db_array_text(Arena *arena, const char *const *items, size_t count);

#endif
