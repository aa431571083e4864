/* What keeps new rows right while a backfill runs: the plan's trigger SQL, installed in the step's
 * first transaction, and found again in the catalog so that undo can drop exactly that. */
#ifndef HEADGATE_DATA_SYNC_H
#define HEADGATE_DATA_SYNC_H

#include "base/json.h"
#include "data/job.h"

/// Waits. Runs the spec's sync SQL (nothing without one) in the open transaction, under its role.
/// *ret_drops: a list of statements that take back what it created, newest first; owned by the
/// caller. ERROR_REFUSED when it replaced a function that was there before, or created other things
/// than triggers and functions, which undo could not take back.
NODISCARD bool data_sync_install(const DataJob *job, DbConn *conn, json_t **ret_drops, Error *err);
/// Waits. Runs those statements in the open transaction.
NODISCARD bool data_sync_drop(DbConn *conn, const json_t *drops, Error *err);

#endif
