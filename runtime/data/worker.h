/* The worker of a backfill: claims ranges, and overlaps reading and mapping the next batch with
 * writing the last one. It runs in a process of its own, so that a map that hangs can be killed;
 * nothing is lost by that. */
#ifndef HEADGATE_DATA_WORKER_H
#define HEADGATE_DATA_WORKER_H

#include "data/batch.h"

/// How a worker process ends. Others (signals, 1, 2) are those of any process.
typedef enum DataWorkerExit {
    WORKER_DONE = 0,    ///< nothing left to claim, or asked to stop
    WORKER_FAILED = 20, ///< the error stands on standard output
    WORKER_UNREACHABLE =
        21, ///< the connection was lost, perhaps inside a COMMIT: start another, the cursor tells
    WORKER_FENCED = 22, ///< another runner has taken over
} DataWorkerExit;

typedef struct DataWorkerOptions {
    const DataSpec *spec;
    DataJobOptions job;
    DbTarget target;  ///< with the search_path that the plan's SQL needs
    const char *name; ///< unique among the step's workers: the owner of its ranges
    bool joined;      ///< nobody but the server knows whether it lives: see data_worker_joined()
} DataWorkerOptions;

/// Waits: call it in a fiber. Works until no range is open or SIGTERM came (the batch in hand is
/// finished). Beats when it has a parent that listens (loop/child.h). map is NULL for a spec with
/// set. Returns a DataWorkerExit; unless it is WORKER_DONE the caller prints json_from_error(err)
/// as the last line of standard output, where data/backfill.c reads it.
int data_worker_main(Loop *loop, const DataWorkerOptions *options, DataMap *map, void *ctx,
                     Error *err);

/// The owner of ranges as which a worker that has joined is known: "joined:<backend pid>:<name>".
/// Its ranges are free when that backend is gone (data_cursor_release_gone.sql).
const char *data_worker_joined(Arena *arena, int backend_pid, const char *name);

/// The exit for an error.
DataWorkerExit data_worker_exit(const Error *err);

#endif
