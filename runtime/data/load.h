/* Writing chunks of records: one transaction = {fence, COPY of each, queue, compare-and-set of the
 * cursor}. Records that the server refuses are found by halving, and go to the review queue. */
#ifndef HEADGATE_DATA_LOAD_H
#define HEADGATE_DATA_LOAD_H

#include "data/record.h"

/* One transaction after the other; job and conn are the caller's, all else is for reading. */
typedef struct DataLoad {
    const DataJob *job;
    DbConn *conn;
    bool open;  ///< a transaction is; the others tell what it holds
    bool noted; ///< headgate.wrote knows of it
    int chunks;
    int64_t records;  ///< of all verdicts
    int64_t began_us; ///< monotonic
    DataCounts counts;
} DataLoad;

/// The chunk's rows as COPY takes them, so that the server need not wait for that.
void data_load_encode(const DataJob *job, DataChunk *chunk);
/// Waits. Writes the encoded chunk in the open transaction, or begins one. When the server refuses
/// records of the first chunk of a transaction, it is begun again without these: *ret_careful, and
/// nothing more should follow in it. On failure nothing of the transaction has happened.
NODISCARD bool data_load_add(DataLoad *load, DataChunk *chunk, bool *ret_careful, Error *err);
/// Waits. Moves the cursor from where range says behind the chunk, which was added last. On failure
/// nothing has happened, except after ERROR_UNREACHABLE: then the cursor tells. batch_rows is for
/// people: what the controller aims at.
NODISCARD bool data_load_commit(DataLoad *load, const DataChunk *last, const DataRange *range,
                                int batch_rows, Error *err);
/// Waits. Rolls back what is open.
void data_load_abandon(DataLoad *load);

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
