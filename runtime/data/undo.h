/* Undo of a backfill: old values go back where what we wrote still stands. Batch by batch,
 * resumable: what has been dealt with is deleted from old_value in the same transaction. */
#ifndef HEADGATE_DATA_UNDO_H
#define HEADGATE_DATA_UNDO_H

#include "base/json.h"
#include "data/update.h"

typedef struct DataUndoCounts {
    int64_t restored;
    int64_t changed_since; ///< rows that somebody else wrote after us: left as they are
    int64_t left;          ///< still to do
    bool ended;            ///< nothing is left, and the ledger says so
} DataUndoCounts;

typedef struct DataUndoHooks {
    void (*progress)(void *ctx, const DataUndoCounts *counts); ///< after each batch; may be NULL
    bool (*should_stop)(void *ctx);                            ///< may be NULL
    void *ctx;
} DataUndoHooks;

/// Waits. First takes back what keeps new rows right (sync_drops of data_backfill_run, once), then
/// restores. !ret->ended when should_stop said so, even if no row is left. Each batch is fenced.
NODISCARD bool data_undo_run(const DataJob *job, DbConn *conn, const json_t *sync_drops,
                             const DataUndoHooks *hooks, DataUndoCounts *ret, Error *err);
/// Waits. In the transaction that starts the step: an earlier undo of it no longer counts.
NODISCARD bool data_undo_forget(const DataJob *job, DbConn *conn, Error *err);

#endif
