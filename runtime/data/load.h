/* Writing chunks of records: one transaction = {fence, COPY of each, queue, compare-and-set of the
 * cursor}. Records that the server refuses are found by halving, and go to the review queue. A
 * COMMIT costs a wait for the disk, in which the server does nothing for us: chunks share a
 * transaction, for as long as it may take. The end of one COPY and the begin of the next are waits
 * too: chunks that are nothing but rows of the same columns share one. */
#ifndef HEADGATE_DATA_LOAD_H
#define HEADGATE_DATA_LOAD_H

#include "data/record.h"

/* A COPY that is open: what it was given so far. */
typedef struct DataLoadCopy {
    char *sql; ///< NULL: none is open
    int64_t rows;
    int64_t from; ///< bytes of the file
    int64_t to;
    int64_t began_us; ///< monotonic
} DataLoadCopy;

/* One transaction after the other; job, conn and limit_us are the caller's, all else is for
 * reading. */
typedef struct DataLoad {
    const DataJob *job;
    DbConn *conn;
    int64_t limit_us; ///< for so long a transaction takes chunks
    bool open;        ///< a transaction is; the others tell what it holds
    bool full;        ///< nothing more should follow in it
    bool ends_range;
    bool noted;   ///< headgate.wrote knows of it
    bool checked; ///< by deferred constraints, too: COMMIT has nothing to say against its rows
    int chunks;
    int64_t records; ///< of all verdicts
    int64_t bytes;
    int64_t began_us; ///< monotonic
    DataCounts counts;
    DataLoadCopy copy;
    int64_t took_records; ///< written, by what the server said since the caller made this 0
    int64_t took_us;      ///< so long that took
    Arena *arena;         /* of last */
    const char *last[PLACE_PARTS];
    bool shared;          ///< which rows failed last is not known: alone, a chunk looks for them
    int alone;            ///< so many chunks get a transaction each
    int64_t suspect_from; /* bytes of the file with a record that was refused among others */
    int64_t suspect_to;
} DataLoad;

/// Where a cursor's move and the claim of the next range are one transaction.
typedef struct DataNextRange {
    const char *owner;
    Arena *arena; ///< the memory of range
    DataRange range;
    bool found; ///< false: no range is open
} DataNextRange;

void data_load_init(DataLoad *load, const DataJob *job, DbConn *conn);
void data_load_done(DataLoad *load);

/// Gives way. The chunk's rows as COPY takes them, so that the server need not wait for that.
void data_load_encode(const DataJob *job, DataChunk *chunk);
/// Should what is open be committed before this chunk? It holds a record that was refused when it
/// shared a transaction, or is to be alone for another reason.
bool data_load_apart(const DataLoad *load, const DataChunk *chunk);
/// Waits. Writes the encoded chunk in the open transaction, or begins one, and may leave its COPY
/// open for the next chunk: until data_load_pause() the connection takes nothing else. When the
/// server refuses records of a chunk that is alone in its transaction, it is begun again without
/// these. On failure nothing of the transaction has happened.
NODISCARD bool data_load_add(DataLoad *load, DataChunk *chunk, Error *err);
/// Waits. Ends the COPY that is open, if one is. Call it before anything else is asked of the
/// connection, and before waiting for the next chunk. Fails as data_load_add() does.
NODISCARD bool data_load_pause(DataLoad *load, Error *err);
/// How long the open transaction may wait for its next chunk; 0 = not at all.
int64_t data_load_left_ms(const DataLoad *load);
/// Waits. Moves the cursor from where range says behind the chunk that was added last, and claims
/// the next range (next may be NULL). On failure nothing has happened, except after
/// ERROR_UNREACHABLE: then the cursor tells.
NODISCARD bool data_load_commit(DataLoad *load, const DataRange *range, DataNextRange *next,
                                Error *err);
/// Waits. Rolls back what is open.
void data_load_abandon(DataLoad *load);

/// Waits. In the open transaction: writes those of records that are to be written, and marks those
/// that the server refuses as failed, deferred constraints included. With careful it finds them by
/// itself; without, the first one fails the whole. All rows have the transaction's own xmin. Memory
/// from arena.
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
