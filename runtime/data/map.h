/* The border between row work and whoever maps rows (the Lua of a plan in bind/row.h; a C function
 * in tests).
 *
 * A column by reference: `canonical_event.payload = row.event_data` need not travel to the server,
 * which has it. The mapped value is then JSON text with a hole, and the source column and the path
 * of the hole; the UPDATE puts the column in (jsonb_set, docs/decisions). It is exact because the
 * row's xmin is compared in the same statement. */
#ifndef HEADGATE_DATA_MAP_H
#define HEADGATE_DATA_MAP_H

#include "data/document.h"
#include "data/table.h"

/// A column's value as the server wrote it. text NULL = SQL NULL.
typedef struct DataValue {
    const char *text; ///< NUL-terminated
    size_t bytes;
} DataValue;

/// One row as it was read. Borrowed: gone when the map returns.
typedef struct DataRow {
    const DataTable *table; ///< whose row it is
    const DataColumn *const *columns;
    const DataValue *values;
    size_t count;
    const char *const *key; ///< canonical text, one for each key column
    size_t key_count;
    const DataDocument *document; ///< of a record of a file: the map is given this, the value of
                                  ///< its only column; NULL: a row of a table
    DbConn *db;                   ///< READ ONLY; the map's own queries run here
} DataRow;

typedef enum DataVerdict {
    MAPPED_WRITE,
    MAPPED_SKIP,
    MAPPED_AMBIGUOUS,
    MAPPED_REJECT, ///< of a record
} DataVerdict;

/// One column to write.
typedef struct DataWrite {
    const DataColumn *column;
    const char *text; ///< input text of the column's type; NULL = SQL NULL
    size_t bytes;
    const DataColumn
        *source; ///< by reference: a jsonb column of the row that goes into the hole; else NULL
    size_t hole; ///< offset in text where the source's value belongs
    const char *const *path; ///< keys and 0-based positions from the root of the value to the hole
    size_t path_count;       ///< 0: the hole is the whole value
} DataWrite;

typedef struct DataMapped {
    DataVerdict verdict;
    DataWrite *writes;
    size_t writes_count;
    const char *reason; ///< of skip, reject and ambiguous
    const char
        *choices; ///< of ambiguous: JSON text [{"label": …, "set": {column: value}}], or NULL
} DataMapped;

/// May wait. What to write for row; all memory of *ret from arena. ERROR_SCRIPT and ERROR_INPUT
/// concern this row only (it is queued, or fails the step); every other kind ends the batch.
typedef bool DataMap(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err);

/// The table's column of that name that a write may set. ERROR_REFUSED when there is none, it is
/// generated, it stands in keep or it is part of the key (that rows are found by: an import writes
/// it).
NODISCARD bool data_map_target(const DataTable *table, const char *name,
                               const DataColumn **ret_column, Error *err);
/// The same for a column of the table that is known.
NODISCARD bool data_map_writable(const DataTable *table, const DataColumn *column, Error *err);

#endif
