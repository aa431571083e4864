/* The runner's side of a backfill: checks, cuts the table into ranges, starts workers, watches
 * them, repeats passes until nothing is left. It changes no rows itself. Everything it knows is in
 * the ledger, so it can be started again at any point. */
#ifndef HEADGATE_DATA_BACKFILL_H
#define HEADGATE_DATA_BACKFILL_H

#include "base/json.h"
#include "data/cursor.h"
#include "data/eta.h"

typedef struct DataProgress {
    int64_t done;  ///< rows changed, skipped and queued
    int64_t total; ///< an estimate for large tables
    DataCounts counts;
    int64_t batches;
    int batch_rows;
    int pass;
    int workers;
    double rows_per_s; ///< over the last seconds
    DataEtaLeft left;  ///< < 0 = unknown, as while it rests
} DataProgress;

/// One turn of the runner's side.
typedef struct DataTurn {
    int workers; ///< how many there are to be; may be changed
    bool said;   ///< the plan says how many
    int joined;  ///< how many there are beside ours
    bool rests;  ///< set it: the work is paused by the throttle
    bool held;   ///< set it: a person or the pace decides how fast the work is
} DataTurn;

/// What the engine gives. All but conn and worker_argv may be NULL.
typedef struct DataBackfillHooks {
    DbConn *conn;                   ///< TARGET; this fiber's alone until data_backfill_run returns
    const char *const *worker_argv; ///< how to start a worker; its name is appended
    /// In the transaction that creates the ranges (so once in a step's life): the engine writes its
    /// ledger row. sync_drops is what an undo gives to data_backfill_undo().
    bool (*begin)(void *ctx, DbConn *conn, json_t *sync_drops, Error *err);
    void (*progress)(void *ctx,
                     const DataProgress *progress); ///< at most four times a second, and at the end
    bool (*should_stop)(void *ctx);                 ///< a pause: workers finish their batch
    void (*log)(void *ctx, const char *line);       ///< what a worker wrote to standard error
    /// Waits. Each turn. False ends the backfill with err.
    bool (*turn)(void *ctx, DataTurn *turn, Error *err);
    void *ctx;
} DataBackfillHooks;

typedef enum DataEnd {
    DATA_DONE,    ///< nothing is left but what lies in the review queue
    DATA_STOPPED, ///< should_stop said so
    DATA_HELD,    ///< the application writes faster than passes end, or rows cannot be written
} DataEnd;

typedef struct DataOutcome {
    DataEnd end;
    char why[200]; ///< of DATA_HELD
    DataProgress progress;
} DataOutcome;

/// Waits. Runs spec or goes on with it. Fails with what its workers failed with; ERROR_SCRIPT when
/// they hang in a map again and again; ERROR_CANCELLED when the fiber is cancelled (the workers are
/// killed, which loses nothing).
NODISCARD bool data_backfill_run(Loop *loop, const DataSpec *spec, const DataJobOptions *options,
                                 const DataBackfillHooks *hooks, DataOutcome *ret, Error *err);

#endif
