/* How many rows the next batch takes, so that a batch lasts about as long as it should. Pure: no
 * clock, no database.
 *
 * The cost of a batch is fitted as fixed + per_row × rows over the last batches (the overhead-aware
 * chunker of Spirit, https://github.com/block/spirit), because a batch of twice the rows does not
 * take twice the time. */
#ifndef HEADGATE_DATA_CONTROLLER_H
#define HEADGATE_DATA_CONTROLLER_H

#include "base/base.h"

enum { CONTROLLER_SAMPLES = 32, CONTROLLER_FIRST_ROWS = 1000 };

typedef struct DataController {
    int64_t target_us;
    int rows; ///< what it aims at now
    int most; ///< never more than this
    unsigned turn;
    size_t samples_count;
    size_t samples_next;
    double fixed_us;   ///< what a batch costs whatever its size, as far as is known
    double panic_rows; ///< the newest batch that was far too long; 0 = none
    double panic_us;
    struct {
        double rows;
        double us;
    } samples[CONTROLLER_SAMPLES];
} DataController;

/// first_rows 0 = CONTROLLER_FIRST_ROWS.
void data_controller_init(DataController *controller, int first_rows, int64_t target_us);
/// Rows of the next batch. Varies by a tenth, at least by one, from turn to turn, so that the slope
/// can be told from the fixed cost.
int data_controller_rows(DataController *controller);
/// A batch of rows (> 0) took us. More than five times the target shrinks to a tenth at once,
/// unless that has not helped before: then most of it is fixed cost, and batches become as long as
/// twice that (at most half of BOUND_BATCH_LIMIT_MS).
void data_controller_sample(DataController *controller, int rows, int64_t us);
/// A batch failed by a timeout or a deadlock: half the rows from now on.
void data_controller_halve(DataController *controller);
/// Rows take so much memory on average: keeps batches below BOUND_BATCH_BYTES. 0 = unknown.
void data_controller_row_bytes(DataController *controller, size_t bytes);

#endif
