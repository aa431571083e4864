/* Statements whose shape depends on a table: the skeleton stands in runtime/db/sql/NAME.sql with
 * {{parts}} to be filled in. Parts are SQL made of quoted identifiers and checked expressions,
 * never values. */
#ifndef HEADGATE_DATA_STATEMENT_H
#define HEADGATE_DATA_STATEMENT_H

#include "base/arena.h"
#include "base/text.h"
#include "db/conn.h"

/// The parts of one statement. Zeroed is empty.
typedef struct DataParts {
    struct {
        const char *name;
        const char *sql;
    } items[12];
    size_t count;
} DataParts;

void data_parts_set(DataParts *parts, const char *name, const char *sql);
/// The filled skeleton, from arena. Every part must occur and every {{name}} must have one
/// (invariant).
const char *data_statement(Arena *arena, const char *sql_name, const DataParts *parts);

/// Parameters that are arrays of text in binary form, built while walking rows. See array_recv in
/// PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
typedef struct DataArray {
    Text bytes;
    int32_t count;
    bool nulls;
} DataArray;

enum { DATA_TEXT_ARRAY_OID = 1009 };

void data_array_init(DataArray *array);
void data_array_done(DataArray *array);
/// NULL is SQL NULL.
void data_array_add(DataArray *array, const char *value, size_t bytes);
/// One element whose pieces come one after the other: begin, append to array->bytes, end.
size_t data_array_begin(DataArray *array);
void data_array_end(DataArray *array, size_t begun);
/// Fills in the header; the array is complete now and its bytes can be sent.
void data_array_close(DataArray *array);

enum { DATA_PARAMS_MAX = 400 };
/// A list of mixed parameters for one statement. Zeroed is empty. Values are borrowed until the
/// statement has run.
typedef struct DataList {
    int count;
    const char *values[DATA_PARAMS_MAX];
    int lengths[DATA_PARAMS_MAX];
    int formats[DATA_PARAMS_MAX];
    unsigned types[DATA_PARAMS_MAX];
    char numbers[DATA_PARAMS_MAX][24];
} DataList;

/// Each returns the parameter's number ($n).
int data_list_text(DataList *list, const char *text);
int data_list_int(DataList *list, int64_t number);
int data_list_array(DataList *list, DataArray *array); ///< closes it
DbParams data_list_params(const DataList *list);

#endif
