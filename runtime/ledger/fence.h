/* The fence: the one row per run and target that says which epoch may write. Every effect checks it
 * inside its own transaction; only a take-over changes it (DESIGN §9). */
#ifndef HEADGATE_LEDGER_FENCE_H
#define HEADGATE_LEDGER_FENCE_H

#include "db/conn.h"

/// Waits. Begins a transaction and takes the fence FOR SHARE in it, in one round trip: ERROR_FENCED
/// when another epoch has taken over. Whoever gets false rolls back.
NODISCARD bool ledger_fence_begin(DbConn *conn, int64_t run, int64_t epoch, Error *err);
enum { LEDGER_FENCE_THEN = 2 };
/// The same, and in the same round trip count statements (at most LEDGER_FENCE_THEN), whose results
/// go to ret_results; untouched when it fails.
NODISCARD bool ledger_fence_begin_with(DbConn *conn, int64_t run, int64_t epoch,
                                       const DbStatement *then, size_t count,
                                       DbResult **ret_results, Error *err);

/// Those that build an index CONCURRENTLY go on without their client, and can be adopted.
typedef enum LedgerFenceBuilders { LEDGER_FENCE_SPARE, LEDGER_FENCE_END } LedgerFenceBuilders;
/// Waits. Ends the connections of older epochs of this run to conn's database, on which no
/// transaction is open, as far as its role may. ERROR_UNREACHABLE when one does not end within 5 s.
NODISCARD bool ledger_fence_end_backends(DbConn *conn, int64_t run, int64_t epoch,
                                         LedgerFenceBuilders builders, Error *err);
/// Waits. Take-over of a target: ends the backends of older epochs of this run, then raises the
/// fence to epoch. ERROR_FENCED when the fence already stands higher.
NODISCARD bool ledger_fence_raise(DbConn *conn, int64_t run, int64_t epoch, Error *err);

/// "headgate:<run>:<epoch>", the application_name of every connection that works for an epoch. size
/// >= 48.
const char *ledger_fence_application(int64_t run, int64_t epoch, char *out, size_t size);

#endif
