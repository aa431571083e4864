/* Decisions about rows of the review queue, from a list or from a file: the rows are looked up in
 * the TARGET's ledger and written at once. Private to this folder. */
#ifndef HEADGATE_SERVER_REVIEW_H
#define HEADGATE_SERVER_REVIEW_H

#include "server/request.h"
#include "server/target.h"

enum { REVIEW_ROWS_MAX = 50000 };

/// Rows to write: parallel lists of the same length.
typedef struct ReviewRows {
    int64_t run;
    ServerTarget target; ///< where the rows are; while they are looked up
    json_t *steps;
    json_t *keys;      ///< array texts
    json_t *decisions; ///< JSON texts
} ReviewRows;

/// Waits. Takes the run's target, to look rows up; review_rows_done() in any case.
NODISCARD bool review_rows_open(ServerRequest *request, int64_t run, ReviewRows *ret_rows,
                                Error *err);
void review_rows_done(ReviewRows *rows);
/// Waits. entry: {"step", "key" or "reason", "decision"}; text: its decision as it was sent, whose
/// numbers keep their spelling on the way to the row. ERROR_INPUT for a decision that is none or a
/// choice that a row has not, ERROR_CONFLICT when no open row is meant. *ret_chosen (may be NULL):
/// the choice of the first row, owned by the caller; NULL when the decision is none.
NODISCARD bool review_take(ServerRequest *request, const json_t *entry, const char *text,
                           ReviewRows *rows, json_t **ret_chosen, Error *err);
/// Waits. All rows in one statement, with the request that wakes the runner; repeated under the
/// request's key it does nothing. Gives the target back first.
NODISCARD bool review_write(ServerRequest *request, ReviewRows *rows, int64_t *ret_decided,
                            Error *err);
/// Waits. What the same request has decided before, or -1.
NODISCARD bool review_decided(ServerRequest *request, int64_t run, int64_t *ret_decided,
                              Error *err);
/// Waits. The open rows as a file to download, with a column to fill in.
NODISCARD bool review_write_csv(ServerRequest *request, int64_t run, Error *err);

#endif
