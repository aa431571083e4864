/* Records as COPY … FROM STDIN takes them. The text format:
 * https://www.postgresql.org/docs/current/sql-copy.html */
#ifndef HEADGATE_DATA_COPY_H
#define HEADGATE_DATA_COPY_H

#include "base/text.h"
#include "data/job.h"

typedef struct DataRecord DataRecord; /* data/record.h */

/// Rows that one COPY writes.
typedef struct DataCopy {
    const char *sql;
    Text data; ///< in the text format
    int64_t rows;
} DataCopy;

typedef enum DataCopyOrder {
    COPY_FEWEST,   ///< one COPY for each set of columns: rows come in another order than records
    COPY_IN_ORDER, ///< one for each run of records that write the same columns
} DataCopyOrder;

/// Gives way. What COPY takes for records, for data_copies_free(); their sql is from arena.
DataCopy *data_copies_encode(const DataJob *job, Arena *arena, DataRecord *const *records,
                             size_t count, DataCopyOrder order, size_t *ret_count);
void data_copies_free(DataCopy *copies, size_t count); ///< NULL is fine

#endif
