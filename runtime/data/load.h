/* Writing a chunk of records: one transaction = {fence, COPY, queue, compare-and-set of the
 * cursor}. Records that the server refuses are found by halving, and go to the review queue. */
#ifndef HEADGATE_DATA_LOAD_H
#define HEADGATE_DATA_LOAD_H

#include "data/record.h"

typedef struct DataLoad {
    const DataJob *job;
    DbConn *conn;
    const DataRange *range; ///< where the cursor stands now
    int batch_rows;         ///< for people: the size the controller aims at
} DataLoad;

/// The chunk's rows as COPY takes them, so that the server need not wait for that.
void data_load_encode(const DataJob *job, DataChunk *chunk);
/// Waits. Writes the encoded chunk and moves the cursor behind it. On failure nothing has happened,
/// except after ERROR_UNREACHABLE: then the cursor tells. Can be tried again.
NODISCARD bool data_load_commit(const DataLoad *load, DataChunk *chunk, DataCounts *ret_counts,
                                Error *err);

/// Waits. In the open transaction: writes those of records that are to be written, and marks those
/// that the server refuses as failed. With careful it finds them by itself; without, the first one
/// fails the whole. All rows have the transaction's own xmin. Memory from arena.
NODISCARD bool data_load_write(const DataJob *job, DbConn *conn, Arena *arena, DataRecord *records,
                               size_t count, bool careful, int64_t *ret_written, Error *err);
/// Waits. In the open transaction: notes that its rows of the table are ours (headgate.wrote).
NODISCARD bool data_load_wrote(const DataJob *job, DbConn *conn, Error *err);
/// Is the record to become a row?
static inline bool data_load_wants(const DataRecord *record)
{
    return record->failed == NULL && record->mapped.verdict == MAPPED_WRITE;
}

#endif
