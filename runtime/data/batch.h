/* One batch: read a piece of a range, map it, write it. The write is one transaction = {fence,
 * effect, old values, queue, compare-and-set of the cursor}: it takes effect exactly once, whatever
 * dies when. */
#ifndef HEADGATE_DATA_BATCH_H
#define HEADGATE_DATA_BATCH_H

#include "data/cursor.h"
#include "data/update.h"

/// Whoever maps, and the connection that the map's own queries and our reads use. One fiber at a
/// time: lock it.
typedef struct DataMapper {
    DataMap *map; ///< NULL for a job with set
    void *ctx;
    DbConn *reader;
    bool busy;
    int waiting; ///< for their turn
    FiberEvent idle;
} DataMapper;
/// Waits. Opens the reader, which is READ ONLY; db_close() ends it.
NODISCARD bool data_mapper_open(DataMapper *mapper, Loop *loop, const DbTarget *target, Error *err);
/// Waits for its turn. False with ERROR_CANCELLED.
NODISCARD bool data_mapper_lock(DataMapper *mapper, Error *err);
void data_mapper_unlock(DataMapper *mapper);

typedef struct DataBatch {
    Arena *arena;
    DataUpdateRow *rows;
    size_t rows_count;
    bool ends_range; ///< nothing follows in the range
} DataBatch;

/// Waits. Reads up to limit rows of range behind from (NULL: the range's beginning), with their
/// columns; fewer when they reach BOUND_BATCH_READ_BYTES. Locked mapper.
NODISCARD bool data_batch_read(const DataJob *job, DataMapper *mapper, const DataRange *range,
                               const char *const *from, int limit, DataBatch **ret_batch,
                               Error *err);
/// Waits. Maps all rows; a row whose map raises is marked failed, or fails the batch when the spec
/// says so. When what is to be written reaches BOUND_BATCH_BYTES, the rows that follow are left to
/// the next batch. Locked mapper, which it gives away between two rows when somebody waits for it:
/// a batch that is being written has its rows locked until its moved ones are mapped.
NODISCARD bool data_batch_map(const DataJob *job, DataMapper *mapper, DataBatch *batch, Error *err);

typedef struct DataCommit {
    DataUpdater *updater;   ///< its connection writes
    DataMapper *mapper;     ///< not locked: rows that moved are mapped again
    const DataRange *range; ///< where the cursor stands now
    int batch_rows;         ///< for people: the size the controller aims at
    bool careful;           ///< find the rows that the server refuses, one savepoint at a time
} DataCommit;
/// Waits. Writes the batch and moves the cursor to its last row. On failure nothing has happened,
/// except after ERROR_UNREACHABLE: then the cursor tells. Can be tried again.
NODISCARD bool data_batch_commit(DataBatch *batch, const DataCommit *commit, DataCounts *ret_counts,
                                 Error *err);
/// Row at of a result of {version, key, columns}, copied to arena.
void data_batch_take_row(const DataJob *job, Arena *arena, const DbResult *result, int at,
                         DbConn *reader, DataUpdateRow *ret_row);
/// True when err is about the values of single rows, so that a careful commit can find them.
bool data_batch_row_error(const Error *err);
/// The key of the last row, from the batch's arena; NULL when it has none.
const char *const *data_batch_last(const DataBatch *batch);
/// Memory that a row takes now, on average: what was read, and what is to be written. 0 = no rows.
size_t data_batch_row_bytes(const DataBatch *batch);
void data_batch_free(DataBatch *batch);

#endif
