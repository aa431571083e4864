/* What the files of db/ know of a connection. Private to this folder. */
#ifndef HEADGATE_DB_PRIVATE_H
#define HEADGATE_DB_PRIVATE_H

#include "db/conn.h"
#include "db/fault.h"
#include "db/library.h"

#include <uv.h>

struct DbResult {
    PGresult *pg;
};

/// The libuv handles of a connection: they outlive it until libuv has closed them.
typedef struct DbHandles {
    uv_poll_t poll;
    uv_timer_t timer;
    uv_timer_t probe;
    int open;
} DbHandles;

/// A question whether the server is there, on its way (probe.c).
typedef struct DbProbeJob DbProbeJob;

typedef struct DbListener {
    char *channel;
    FiberEvent *event;
    struct DbListener *next;
} DbListener;

/// One cancel request on its way; conn is NULL once the connection was closed.
typedef struct DbCancelJob {
    uv_work_t request;
    PGcancel *cancel;
    DbConn *conn;
} DbCancelJob;

enum { DB_PREPARED_MAX = 256, DB_PREPARED_NAME_BYTES = 16 };

typedef enum DeadlineStage {
    DEADLINE_CANCEL, ///< when it passes, the server is asked to cancel
    DEADLINE_LOSE,   ///< when it passes, the connection is given up
} DeadlineStage;

struct DbConn {
    Loop *loop;
    PGconn *pg;
    DbHandles *handles;
    int armed;          ///< UV_READABLE, perhaps | UV_WRITABLE; 0 = not polled any more
    Fiber *user;        ///< the fiber inside an exchange; NULL = idle
    bool lost;          ///< nothing can be sent any more
    bool copying;       ///< COPY data is being read: PQisBusy() says nothing then
    bool cancel_asked;  ///< for the present exchange, because its fiber was cancelled
    bool uncancellable; ///< the present exchange is a COMMIT
    DbEach *each;       ///< who takes the rows of the present exchange; NULL: nobody, or no more
    void *each_ctx;
    bool deadline_passed; ///< the server was asked to cancel and has not answered that either
    DeadlineStage deadline_stage;
    int statement_timeout_ms; ///< <= 0: no deadline of ours
    int answer_grace_ms;      ///< after statement_timeout, and again after asking to cancel
    char *conninfo;           ///< as it was given: for probes
    uint64_t exchange;        ///< counts them
    DbProbeJob *probe_job;
    int probe_failures;  ///< in a row, during the present exchange
    int probe_after_ms;  ///< how long a statement may be without an answer before the server is
                         ///< asked
    int probe_timeout_s; ///< for one question; libpq makes it at least 2
    int pid;
    int version;
    char
        fatal_sqlstate[6]; ///< what the server said when it ended the connection while we were idle
    char fatal_message[256];
    DbCancelJob *cancel_job;
    FiberEvent cancel_done;
    DbListener *listeners;
    char *prepared[DB_PREPARED_MAX]; ///< texts by hash, linear probing; the slot is in the name
    size_t prepared_count;
#ifdef HEADGATE_FAULTS
    DbFault fault;
#endif
};

/// Does this connection go to another machine, and nobody has said how (sslmode, a service)? Then
/// it is sslmode=verify-full.
bool db_needs_certificate(const char *conninfo);
/// Starts watching the socket of an opened connection.
void db_attach(DbConn *conn);
/// Probes: of an opened connection, of an exchange, of a connection that is closed.
void db_probe_init(DbConn *conn, const char *conninfo);
void db_probe_begin(DbConn *conn);
void db_probe_end(DbConn *conn);
void db_probe_done(DbConn *conn);
/// The name under which sql is prepared, or would be; false = the server does not know it yet.
bool db_prepared_find(const DbConn *conn, const char *sql, char name[DB_PREPARED_NAME_BYTES]);
/// No other statement can be prepared.
bool db_prepared_full(const DbConn *conn);
void db_prepared_add(DbConn *conn, const char *sql);
/// Marks the connection as lost and tells the listeners.
void db_lose(DbConn *conn);
/// Sends what is still in the output buffer and arms the socket for what is left.
void db_flush(DbConn *conn);
/// Tells listeners about notifications that have arrived.
void db_take_notifications(DbConn *conn);
/// Sets err from a failed result; *ret_position (may be NULL) as for db_exec().
bool db_result_error(const DbConn *conn, const PGresult *result, int *ret_position, Error *err);
/// Takes pg; *ret_result may be NULL, then it is freed.
void db_result_give(PGresult *pg, DbResult **ret_result);

/// An exchange (exchange.c): begin, what libpq is to send, db_flush(), collect, finish. sql is what
/// its points of failure go by, and there is a deadline for so many statements, 0 = none. Begin
/// fails with nothing to finish; send_failed() finishes when libpq could not even send.
NODISCARD bool db_exchange_begin(DbConn *conn, const char *sql, int64_t statements, Error *err);
bool db_exchange_send_failed(DbConn *conn, Error *err);
/// Waits. The next result, or NULL at the end of the answer.
PGresult *db_exchange_next(DbConn *conn);
/// Waits. The last result of what is left, or its first error; *ret_copy_out is set when there was
/// a COPY … TO STDOUT among it.
PGresult *db_exchange_collect(DbConn *conn, bool *ret_copy_out);
bool db_exchange_failed(const PGresult *result);
/// Takes result (may be NULL: the connection was lost).
NODISCARD bool db_exchange_finish(DbConn *conn, PGresult *result, DbResult **ret_result,
                                  int *ret_position, Error *err);

#endif
