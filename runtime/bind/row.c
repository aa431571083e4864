/* Rows to Lua, and what a map returns to writes. Texts are built in buffers of BindRows, which an
 * error of Lua does not leak. */
#include "bind/row.h"

#include "base/bounds.h"
#include "bind/private.h"
#include "bind/state.h"
#include "data/jsonb.h"
#include "script/error.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { RESULT_MAX_BYTES = 64 * 1024 * 1024, REASON_MAX_BYTES = 500 };

static const char ROW[] = "headgate.row";
static const char OPENED = 0; /* its address is the registry key that says: metatables are made */

/* The userdata a map gets. */
typedef struct RowBox {
    BindRows *rows;
    uint64_t number;
} RowBox;

/* ------------------------------------------------------------------ reading */

/* upvalue 1: the rows' metatable, but of row_next. To look for that by its name costs more than
 * most columns. */
static BindRows *rows_of(lua_State *L)
{
    bool ours = lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1));
    RowBox *box = ours ? lua_touserdata(L, 1) : luaL_checkudata(L, 1, ROW);
    if (box->number != box->rows->number)
        script_raise(L, 1, ERROR_SCRIPT, "this row is gone: a map sees one row at a time");
    return box->rows;
}

/* The column's document, read when it is first asked for. */
static const BindDocumentSource *document_of(lua_State *L, BindRows *rows, size_t column)
{
    BindDocumentSource *source = &rows->sources[column];
    Error err;
    if (source->row == rows->number)
        return source;
    source->row = rows->number;
    if (rows->row->document != NULL) {
        source->document = *rows->row->document;
        return source;
    }
    source->row = 0; /* until it is read */
    const DataValue *value = &rows->row->values[column];
    if (!data_document_parse(&source->document, value->text, value->bytes, &err))
        script_raise_error(L, 1, &err);
    source->row = rows->number;
    return source;
}

static void push_column(lua_State *L, BindRows *rows, size_t index)
{
    const DataValue *value = &rows->row->values[index];
    if (value->text == NULL) {
        lua_pushnil(L);
        return;
    }
    switch (rows->row->columns[index]->class) {
    case DATA_INTEGER:
        lua_pushinteger(L, strtoll(value->text, NULL, 10));
        break;
    case DATA_FLOAT:
        lua_pushnumber(L, strtod(value->text, NULL));
        break;
    case DATA_NUMERIC:
        if (data_decimal_valid(value->text, value->bytes))
            bind_decimal_push(L, value->text, value->bytes);
        else
            lua_pushlstring(L, value->text, value->bytes); /* NaN, Infinity */
        break;
    case DATA_BOOLEAN:
        lua_pushboolean(L, value->text[0] == 't');
        break;
    case DATA_JSON:
    case DATA_JSONB:
        bind_document_push(L, document_of(L, rows, index), 0);
        break;
    case DATA_TEXT:
        lua_pushlstring(L, value->text, value->bytes);
        break;
    }
}

static int row_index(lua_State *L)
{
    BindRows *rows = rows_of(L);
    const char *name = luaL_checkstring(L, 2);
    for (size_t i = 0; i < rows->row->count; i++) {
        if (strcmp(rows->row->columns[i]->name, name) == 0) {
            push_column(L, rows, i);
            return 1;
        }
    }
    return script_raise(
        L, 1, ERROR_SCRIPT,
        "the row has no column \"%s\" (columns = {…} of the backfill says what map reads)", name);
}

static int row_refuse(lua_State *L)
{
    return script_raise(L, 1, ERROR_SCRIPT, "a row is read only: return the columns to write");
}

/* upvalue 1: the next column. */
static int row_next(lua_State *L)
{
    lua_Integer next = lua_tointeger(L, lua_upvalueindex(1));
    BindRows *rows = rows_of(L);
    while (next < (lua_Integer)rows->row->count && rows->row->values[next].text == NULL)
        next++;
    lua_pushinteger(L, next + 1);
    lua_replace(L, lua_upvalueindex(1));
    if (next >= (lua_Integer)rows->row->count)
        return 0;
    lua_pushstring(L, rows->row->columns[next]->name);
    push_column(L, rows, (size_t)next);
    return 2;
}

static int row_pairs(lua_State *L)
{
    rows_of(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, row_next, 1);
    lua_pushvalue(L, 1);
    return 2;
}

static void open_once(lua_State *L)
{
    static const luaL_Reg FUNCTIONS[] = {
        {"__index", row_index}, {"__newindex", row_refuse}, {"__pairs", row_pairs}, {NULL, NULL}};
    bool opened = lua_rawgetp(L, LUA_REGISTRYINDEX, &OPENED) != LUA_TNIL;
    lua_pop(L, 1);
    if (opened)
        return;
    bind_document_open(L);
    luaL_newmetatable(L, ROW);
    lua_pushvalue(L, -1);
    luaL_setfuncs(L, FUNCTIONS, 1);
    lua_pushliteral(L, "a row");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &OPENED);
}

/* ------------------------------------------------------------------ results */

static bool is_json(const DataColumn *column)
{
    return column->class == DATA_JSON || column->class == DATA_JSONB;
}

static void refuse_larger(lua_State *L, const DataColumn *column)
{
    script_raise(L, 0, ERROR_SCRIPT, "the value for column \"%s\" is larger than %d bytes",
                 column->name, RESULT_MAX_BYTES);
}

/* A text into a column that is not JSON. */
static void take_text(lua_State *L, BindRows *rows, int index, DataWrite *write)
{
    const char *text = lua_tolstring(L, index, &write->bytes);
    if (memchr(text, '\0', write->bytes) != NULL)
        script_raise(L, 0, ERROR_SCRIPT, "the value for column \"%s\" has a zero byte",
                     write->column->name);
    if (write->bytes > RESULT_MAX_BYTES)
        refuse_larger(L, write->column);
    write->text = arena_memdup(rows->arena, text, write->bytes);
}

/* Another scalar into such a column. */
static void write_scalar(lua_State *L, BindRows *rows, const DataColumn *column, int index)
{
    BindRowJson out;
    int type = lua_type(L, index);
    if (type != LUA_TNUMBER && type != LUA_TBOOLEAN && type != LUA_TUSERDATA)
        script_raise(L, 0, ERROR_SCRIPT, "column \"%s\" is of type %s: a %s cannot go into it",
                     column->name, column->type, luaL_typename(L, index));
    bind_row_json_init(&out, rows, NULL);
    bind_row_json_value(L, &out, index);
}

/* The column for the result at place. A map mostly returns the same names in the same order. */
static const DataColumn *target(lua_State *L, BindRows *rows, size_t place, const char *name)
{
    Error err; /* not cleared: it is larger than all the rest of this */
    const DataColumn *column = NULL;
    if (place < BIND_ROW_WRITTEN_MAX && rows->written[place] != NULL &&
        strcmp(rows->written[place]->name, name) == 0)
        return rows->written[place];
    if (!data_map_target(rows->row->table, name, &column, &err))
        script_raise_error(L, 0, &err);
    if (place < BIND_ROW_WRITTEN_MAX)
        rows->written[place] = column;
    return column;
}

static void take_write(lua_State *L, BindRows *rows, const char *name, int index, DataWrite *write)
{
    *write = (DataWrite){.column = target(L, rows, rows->ret->writes_count - 1, name)};
    if (lua_islightuserdata(L, index))
        return; /* json.null: SQL NULL */
    if (lua_type(L, index) == LUA_TSTRING && !is_json(write->column)) {
        take_text(L, rows, index, write);
        return;
    }
    text_clear(&rows->out);
    if (is_json(write->column)) {
        BindRowJson out;
        bind_row_json_init(&out, rows, write);
        bind_row_json_value(L, &out, index);
    } else {
        write_scalar(L, rows, write->column, index);
    }
    if (rows->out.overflowed)
        refuse_larger(L, write->column);
    write->bytes = rows->out.length_bytes;
    write->text = arena_memdup(rows->arena, text_string(&rows->out), write->bytes);
}

static DataWrite *next_write(BindRows *rows)
{
    if (rows->ret->writes_count == rows->writes_capacity) {
        rows->writes_capacity = rows->writes_capacity == 0 ? 16 : rows->writes_capacity * 2;
        rows->writes = base_realloc(rows->writes, rows->writes_capacity * sizeof(DataWrite));
    }
    return &rows->writes[rows->ret->writes_count++];
}

static void take_columns(lua_State *L, BindRows *rows, int index)
{
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING)
            script_raise(L, 0, ERROR_SCRIPT, "map returned a list: return a table of columns");
        take_write(L, rows, lua_tostring(L, -2), lua_gettop(L), next_write(rows));
        lua_pop(L, 1);
    }
    if (rows->ret->writes_count == 0)
        script_raise(L, 0, ERROR_SCRIPT,
                     "map returned an empty table: return the columns to write, or skip \"why\"");
    rows->ret->writes =
        arena_memdup(rows->arena, rows->writes, rows->ret->writes_count * sizeof(DataWrite));
    rows->ret->verdict = MAPPED_WRITE;
}

static void take_reason(lua_State *L, BindRows *rows, int index)
{
    bind_verdict_field(L, index, "reason");
    size_t bytes = 0;
    const char *reason = lua_tolstring(L, -1, &bytes);
    text_clear(&rows->out);
    if (reason == NULL)
        text_append(&rows->out, "no reason");
    else
        data_jsonb_clean(&rows->out, reason, bytes, REASON_MAX_BYTES);
    rows->ret->reason = arena_strdup(rows->arena, text_string(&rows->out));
    lua_pop(L, 1);
}

/* A choice is a table of columns, or { label = …, set = { columns } }. Without a label it is null:
 * people are shown the columns. */
static void write_choice(lua_State *L, BindRowJson *out, int index)
{
    size_t bytes = 0;
    if (!lua_istable(L, index))
        script_raise(L, 0, ERROR_SCRIPT, "a choice is a table of columns, not a %s",
                     luaL_typename(L, index));
    bind_verdict_field(L, index, "set");
    bool labelled = lua_istable(L, -1);
    bind_verdict_field(L, index, "label");
    const char *label = labelled ? lua_tolstring(L, -1, &bytes) : NULL;
    text_append(&out->rows->out, "{\"label\":");
    if (label == NULL)
        text_append(&out->rows->out, "null");
    else
        bind_row_json_string(L, out, label, bytes);
    text_append(&out->rows->out, ",\"set\":");
    bind_row_json_object(L, out, labelled ? lua_gettop(L) - 1 : index);
    text_append_char(&out->rows->out, '}');
    lua_pop(L, 2);
}

static void take_choices(lua_State *L, BindRows *rows, int index)
{
    bind_verdict_field(L, index, "choices");
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    int list = lua_gettop(L);
    BindRowJson out;
    bind_row_json_init(&out, rows, NULL);
    text_clear(&rows->out);
    text_append_char(&rows->out, '[');
    for (lua_Unsigned i = 1; i <= lua_rawlen(L, list); i++) {
        if (i > 1)
            text_append_char(&rows->out, ',');
        lua_rawgeti(L, list, (lua_Integer)i);
        write_choice(L, &out, lua_gettop(L));
        lua_pop(L, 1);
    }
    text_append_char(&rows->out, ']');
    if (!data_jsonb_takes(text_string(&rows->out), rows->out.length_bytes))
        script_raise(L, 0, ERROR_SCRIPT,
                     "the choices hold what jsonb cannot: a zero byte, a number of very many "
                     "digits, or more than it takes");
    rows->ret->choices = arena_memdup(rows->arena, text_string(&rows->out), rows->out.length_bytes);
    lua_pop(L, 1);
}

/* may raise */
static void take_result(lua_State *L, int first, int count, void *ctx)
{
    BindRows *rows = ctx;
    luaL_checkstack(L, 16, "a result");
    switch (count > 0 ? bind_verdict(L, first) : VERDICT_NONE) {
    case VERDICT_COLUMNS:
        take_columns(L, rows, first);
        break;
    case VERDICT_SKIP:
        rows->ret->verdict = MAPPED_SKIP;
        take_reason(L, rows, first);
        break;
    case VERDICT_REJECT:
        if (rows->row->document == NULL)
            script_raise(L, 0, ERROR_SCRIPT,
                         "reject is for the map of an import; a row that is there is left with "
                         "skip \"why\"");
        rows->ret->verdict = MAPPED_REJECT;
        take_reason(L, rows, first);
        break;
    case VERDICT_AMBIGUOUS:
        rows->ret->verdict = MAPPED_AMBIGUOUS;
        take_reason(L, rows, first);
        take_choices(L, rows, first);
        break;
    case VERDICT_NONE:
        script_raise(
            L, 0, ERROR_SCRIPT,
            "map returned %s: return the columns to write, skip \"why\" or ambiguous(\"why\", …)",
            count > 0 ? luaL_typename(L, first) : "nothing");
        break;
    }
}

/* Looked for by its path once. The reference is the state's: it keeps its plan's functions anyway.
 */
static void push_map(lua_State *L, BindRows *rows)
{
    if (rows->map == LUA_NOREF) {
        open_once(L);
        bind_plan_push(L, rows->path, "map");
        rows->map = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, rows->map);
}

/* may raise */
static int push_call(lua_State *L, void *ctx)
{
    BindRows *rows = ctx;
    push_map(L, rows);
    if (rows->row->document != NULL) {
        bind_document_push(L, document_of(L, rows, 0), 0);
    } else {
        RowBox *box = lua_newuserdatauv(L, sizeof(*box), 0);
        *box = (RowBox){.rows = rows, .number = rows->number};
        luaL_setmetatable(L, ROW);
    }
    bind_db_push(L);
    return 2;
}

/* ------------------------------------------------------------------ life */

bool bind_rows_open(BindPlan *plan, const char *path, BindRows **ret_rows, Error *err)
{
    BindRows *rows = base_alloc(sizeof(*rows));
    rows->plan = plan;
    rows->path = path;
    rows->map = LUA_NOREF;
    text_init(&rows->scratch, RESULT_MAX_BYTES);
    text_init(&rows->out, RESULT_MAX_BYTES);
    if (!script_task_new(bind_plan_state(plan), &rows->bind_task, &rows->task, err)) {
        bind_rows_close(rows);
        return false;
    }
    *ret_rows = rows;
    return true;
}

void bind_rows_close(BindRows *rows)
{
    if (rows == NULL)
        return;
    rows->number = 0; /* what a script kept of the last row is gone */
    if (rows->task != NULL)
        script_task_free(rows->task);
    for (size_t i = 0; i < rows->sources_count; i++)
        data_document_done(&rows->sources[i].document);
    free(rows->sources);
    free(rows->writes);
    text_done(&rows->scratch);
    text_done(&rows->out);
    free(rows);
}

static void prepare_sources(BindRows *rows, size_t count)
{
    if (rows->sources_count >= count)
        return;
    rows->sources = base_realloc(rows->sources, count * sizeof(*rows->sources));
    for (size_t i = rows->sources_count; i < count; i++)
        rows->sources[i] = (BindDocumentSource){
            .now = &rows->number, .column = (uint32_t)i, .scratch = &rows->scratch};
    rows->sources_count = count;
}

bool bind_rows_map(void *ctx, const DataRow *row, Arena *arena, DataMapped *ret, Error *err)
{
    BindRows *rows = ctx;
    rows->number++;
    rows->row = row;
    rows->arena = arena;
    rows->ret = ret;
    *ret = (DataMapped){0};
    rows->bind_task = (BindTask){.conn = row->db, .transactional = true};
    prepare_sources(rows, row->count);
    if (rows->table != row->table) {
        rows->table = row->table;
        memset(rows->written, 0, sizeof(rows->written));
    }
    bool ok = script_task_run(
        rows->task, &(ScriptCall){.push = push_call, .take = take_result, .ctx = rows}, err);
    if (row->document != NULL)
        rows->sources[0].document = (DataDocument){0}; /* it was the caller's */
    return ok;
}
