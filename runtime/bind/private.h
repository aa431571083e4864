/* Shared by the files that give rows to a map and take what it returns (row*.c). */
#ifndef HEADGATE_BIND_PRIVATE_H
#define HEADGATE_BIND_PRIVATE_H

#include "base/text.h"
#include "bind/document.h"
#include "bind/row.h"
#include "bind/state.h"

enum { BIND_ROW_WRITTEN_MAX = 64, BIND_ROW_DEPTH_MAX = 100 };

struct BindRows {
    BindPlan *plan;
    const char *path;
    int map; /* a reference to the function at path */
    ScriptTask *task;
    BindTask bind_task;
    uint64_t number; /* of the row at hand; 0 = none */
    const DataRow *row;
    BindDocumentSource *sources; /* one for each column */
    size_t sources_count;
    const DataTable *table; /* of the row before */
    const DataColumn
        *written[BIND_ROW_WRITTEN_MAX]; /* by it, in this order; the next map writes the same */
    DataWrite *writes;                  /* of the row at hand, while they are taken */
    size_t writes_capacity;
    Text scratch;
    Text out;
    Arena *arena; /* of the row's results; the caller's */
    DataMapped *ret;
};

/// One JSON value on its way out into rows->out; where it is, for a reference.
typedef struct BindRowJson {
    BindRows *rows;
    DataWrite *write; ///< NULL: no references
    size_t depth;
    const char *path[BIND_ROW_DEPTH_MAX]; ///< set as deep as depth says: clearing it for each value
                                          ///< shows
} BindRowJson;

void bind_row_json_init(BindRowJson *out, BindRows *rows, DataWrite *write);
/// Each may raise. index is absolute.
void bind_row_json_value(lua_State *L, BindRowJson *out, int index);
void bind_row_json_object(lua_State *L, BindRowJson *out, int index);
void bind_row_json_string(lua_State *L, BindRowJson *out, const char *text, size_t bytes);

#endif
