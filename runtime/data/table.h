/* What the catalog says about a table that rows are going to be changed in. */
#ifndef HEADGATE_DATA_TABLE_H
#define HEADGATE_DATA_TABLE_H

#include "base/arena.h"
#include "data/spec.h"
#include "db/conn.h"

/// How a column looks to a map.
typedef enum DataClass {
    DATA_TEXT, ///< everything not below, in PostgreSQL's text form
    DATA_INTEGER,
    DATA_FLOAT,
    DATA_NUMERIC,
    DATA_BOOLEAN,
    DATA_JSON,
    DATA_JSONB,
} DataClass;

typedef struct DataColumn {
    const char *name;
    const char *quoted;
    const char
        *type; ///< as in a cast, without length: an assignment checks the length, a cast would cut
    DataClass class;
    int number; ///< attnum; 0 = not there yet (dry run)
    bool not_null;
    bool has_default; ///< what is not written is not NULL
    bool generated;   ///< also identity always: nobody may write it
    bool keep;        ///< the plan says it must not change
    bool key;
} DataColumn;

typedef struct DataTrigger {
    const char *name;
    bool before;
    bool row;
    const char *const *columns; ///< UPDATE OF …; count 0 = any column
    size_t columns_count;
} DataTrigger;

typedef struct DataTable {
    unsigned oid;
    bool inserts;       ///< rows are written whole
    const char *shown;  ///< for messages: schema.name
    const char *quoted; ///< "schema"."name"
    const char *alias; ///< "name": the alias our statements give it, so that the plan's SQL may use
                       ///< its name
    DataColumn *columns;
    size_t columns_count;
    const DataColumn **key; ///< the columns of the chosen index, in its order
    size_t key_count;
    const char *key_index;
    DataTrigger *triggers; ///< user triggers that fire on UPDATE
    size_t triggers_count;
    int64_t rows_estimate;
    int64_t bytes;
} DataTable;

typedef struct DataTableOptions {
    const char *name;
    DataNames key; ///< empty = the primary key
    DataNames keep;
    bool inserts;     ///< rows are written whole: key columns too
    const char *role; ///< who will write (run_as); NULL = the session's role
} DataTableOptions;

/// Waits. Resolves the table (through the connection's search_path, then public) and checks that
/// rows can be walked and changed in it. ERROR_REFUSED or ERROR_INPUT, by name and with the reason,
/// when it is no plain or partitioned table, has no usable key, when row-level security would hide
/// rows, or a named column is missing. All memory from arena.
NODISCARD bool data_table_get(DbConn *conn, Arena *arena, const DataTableOptions *options,
                              DataTable *ret_table, Error *err);
/// NULL when there is none.
DataColumn *data_table_column(const DataTable *table, const char *name);
/// True when an UPDATE that sets these columns fires a BEFORE trigger, which could change others.
bool data_table_rewrites(const DataTable *table, const DataColumn *const *columns, size_t count);

#endif
