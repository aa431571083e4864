/* The ranges of a step in the ledger, and their cursors. */
#ifndef HEADGATE_DATA_CURSOR_H
#define HEADGATE_DATA_CURSOR_H

#include "data/job.h"

/// A claimed range. Keys are canonical texts, NULL lists are open ends (and, for last, "nothing
/// yet").
typedef struct DataRange {
    int number;
    int pass;
    int batch_rows; ///< of its last batch; 0 = none yet
    char **lower;
    char **upper;
    char **last;
} DataRange;

/// What a batch did to its rows.
typedef struct DataCounts {
    int64_t changed;
    int64_t skipped;
    int64_t queued;
    int64_t moved; ///< somebody changed them between our read and our write: mapped again
} DataCounts;

typedef struct DataProgressSum {
    int64_t ranges;
    int64_t ranges_done;
    int pass;
    DataCounts counts;
    int64_t batches;
    int batch_rows;
    int64_t working; ///< ranges that a worker owns
} DataProgressSum;

/// Each waits. create, take and pass run in the caller's transaction; claim and release fence and
/// commit by themselves.
NODISCARD bool data_cursor_create(const DataJob *job, DbConn *conn, int number,
                                  const char *const *lower, const char *const *upper, Error *err);
/// *ret_range is from arena; *ret_found is false when no range is open.
NODISCARD bool data_cursor_claim(const DataJob *job, DbConn *conn, const char *owner, Arena *arena,
                                 DataRange *ret_range, bool *ret_found, Error *err);
/// The same without a transaction of its own.
NODISCARD bool data_cursor_take(const DataJob *job, DbConn *conn, const char *owner, Arena *arena,
                                DataRange *ret_range, bool *ret_found, Error *err);
/// The range when its cursor stands at last, and a copy of a key (NULL: NULL). From arena.
DataRange data_cursor_moved(const DataJob *job, const DataRange *range, const char *const *last,
                            Arena *arena);
char **data_cursor_key(Arena *arena, const char *const *key, size_t parts);
NODISCARD bool data_cursor_release(const DataJob *job, DbConn *conn, const char *owner, Error *err);
/// Takes the ranges of joined workers whose backends are gone. Fences and commits by itself.
NODISCARD bool data_cursor_release_gone(const DataJob *job, DbConn *conn, Error *err);
/// Before an undo: nobody can claim a range or move a cursor any more, and all moves that were
/// under way are over. Fences and commits by itself: the undo's next statements may wait for locks
/// of the table that a batch holds, whose move would wait for ours.
NODISCARD bool data_cursor_close(const DataJob *job, DbConn *conn, Error *err);
NODISCARD bool data_cursor_pass(const DataJob *job, DbConn *conn, int pass, Error *err);
NODISCARD bool data_cursor_sum(const DataJob *job, DbConn *conn, DataProgressSum *ret_sum,
                               Error *err);

/// In the batch's transaction: moves the cursor from range->last to last (NULL: stays) by
/// compare-and-set. ERROR_CONFLICT when it stands elsewhere: the batch must not commit.
typedef struct DataMove {
    const char *const *last;
    bool done;
    int batch_rows;
    DataCounts counts;
} DataMove;
NODISCARD bool data_cursor_move(const DataJob *job, DbConn *conn, const DataRange *range,
                                const DataMove *move, Error *err);

#endif
