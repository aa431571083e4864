/* The pace of a step in the ledger: its runner writes the row, its workers, wherever they run, look
 * at it between two batches. No row: nothing holds them back. A row that nobody renews holds them
 * altogether, because whoever watches the database has gone. */
#ifndef HEADGATE_DATA_THROTTLE_H
#define HEADGATE_DATA_THROTTLE_H

#include "data/job.h"

enum {
    THROTTLE_STALE_MS = 10000, ///< a row of this age pauses
    THROTTLE_RENEW_MS = 2000,
    THROTTLE_POLL_MS = 250, ///< how often a paused worker looks
    THROTTLE_REST_MAX_MS = 5000,
    THROTTLE_BATCH_LEAST_US = 5000 ///< below it a slowed batch would mostly be its COMMIT
};

typedef struct DataThrottle {
    double duty;      ///< share of what the step's workers could do, 0 (pause) to 1
    double each;      ///< share of its time that each of those that are left works, duty to 1
    double most;      ///< what a person allows at most; 1 = all
    int64_t batch_us; ///< how long a batch should take; 0 = as the plan says
    int64_t pause_us; ///< rest between two batches; < 0 = as the plan says
    int workers;      ///< 0 = as the plan says
} DataThrottle;

extern const DataThrottle DATA_THROTTLE_NONE;

/// Waits. What holds step of run back now: DATA_THROTTLE_NONE without a row. *ret_stale (may be
/// NULL): nobody renews it.
NODISCARD bool data_throttle_read(DbConn *conn, const char *run, const char *step,
                                  DataThrottle *ret, bool *ret_stale, Error *err);
/// Waits, in a fenced transaction of its own. Writes the row of a step of a run.
NODISCARD bool data_throttle_write(DbConn *conn, int64_t run, int64_t epoch, const char *step,
                                   const DataThrottle *throttle, Error *err);
/// How long a worker rests after having been busy for busy_us, in ms: what each works leaves, and
/// at least the pause.
int64_t data_throttle_rest_ms(const DataThrottle *throttle, int64_t busy_us, int64_t plan_pause_us);
/// How long a batch should take: what a person or the plan says, times the duty's square while
/// work is slowed, so that what disturbs comes in small pieces.
int64_t data_throttle_batch_us(const DataThrottle *throttle, int64_t plan_batch_us);

#endif
