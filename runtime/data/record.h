/* Reading a range of a file: records, mapped to rows, a chunk at a time. The memory does not depend
 * on the file's size. */
#ifndef HEADGATE_DATA_RECORD_H
#define HEADGATE_DATA_RECORD_H

#include "data/batch.h"
#include "data/copy.h"
#include "data/document.h"

/// The parts of a cursor of an import (data/cursor.h), as texts. Of lower and upper: the file
/// (relative to the store), where the range begins or ends, and the file's size and time of change
/// when the run began. Of last: the file, the offset behind what is dealt with, the line there (0 =
/// not known) and the scanner's state.
enum { PLACE_FILE, PLACE_OFFSET, PLACE_SIZE, PLACE_CHANGED, PLACE_PARTS = DATA_PLACE_PARTS };
enum { LAST_LINE = 2, LAST_STATE = 3 };

/// One record on its way into the table.
struct DataRecord {
    int64_t offset;   ///< of its first byte in the file
    int64_t line;     ///< 0 = not known: the range begins inside the file
    const char *text; ///< the record as JSON; as it stands in the file when it could not be read
    size_t bytes;
    bool read; ///< text is JSON
    DataMapped mapped;
    const char *failed; ///< why it cannot be read, mapped or written; NULL = it can
    bool orphan;        ///< failed, because of a foreign key
    uint64_t *columns;  ///< of the table that it writes, one bit each; data/copy.c
};

typedef struct DataChunk {
    Arena *arena;
    const char *file;
    DataRecord *records;
    size_t count;
    size_t capacity;
    size_t bytes;
    DataCopy *copies; ///< of those that become rows, once they are encoded
    size_t copies_count;
    int64_t from;                  ///< where it begins in the file
    int64_t to;                    ///< and ends
    const char *last[PLACE_PARTS]; ///< the cursor behind it
    bool ends_range;
} DataChunk;

typedef struct DataSource DataSource;

/// Opens the file of range, behind range->last. ERROR_REFUSED when the file is gone or is not the
/// one it was when the run began.
NODISCARD bool data_source_open(const DataJob *job, const DataRange *range, DataSource **ret_source,
                                Error *err);
void data_source_close(DataSource *source); ///< NULL is fine
/// Waits. Up to limit records, mapped. Locked mapper; NULL: they are only read.
NODISCARD bool data_source_read(DataSource *source, DataMapper *mapper, int limit,
                                DataChunk **ret_chunk, Error *err);
void data_chunk_free(DataChunk *chunk);
/// "users/a.json:17", or "users/a.json: byte 123" where the line is not known. From arena.
const char *data_record_place(Arena *arena, const char *file, const DataRecord *record);
/// The writes that a record is by its fields' names (data/by_name.c). Values may be borrowed from
/// the document's text; all other memory is from arena.
NODISCARD bool data_record_by_name(const DataJob *job, Arena *arena, const DataDocument *document,
                                   DataMapped *ret, Error *err);

#endif
