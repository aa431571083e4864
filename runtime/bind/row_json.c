/* What a map returns, as JSON text. */
#include "bind/private.h"
#include "data/writer.h"
#include "script/error.h"
#include "script/value.h"

#include <lauxlib.h>

enum { REFERENCE_LEAST_BYTES = 48 };

void bind_row_json_init(BindRowJson *out, BindRows *rows, DataWrite *write)
{
    out->rows = rows;
    out->write = write;
    out->depth = 0;
}

void bind_row_json_string(lua_State *L, BindRowJson *out, const char *text, size_t bytes)
{
    Error err; /* set when it fails: clearing it would cost more than the value */
    if (!data_writer_string(&out->rows->out, text, bytes, &err))
        script_raise_error(L, 0, &err);
}

static void write_number(lua_State *L, BindRowJson *out, int index)
{
    Error err;
    if (lua_isinteger(L, index))
        data_writer_int(&out->rows->out, lua_tointeger(L, index));
    else if (!data_writer_double(&out->rows->out, lua_tonumber(L, index), &err))
        script_raise_error(L, 0, &err);
}

/* A whole jsonb column of this row need not travel: the server has it. */
static bool by_reference(BindRowJson *out, const BindDocument *document, size_t bytes)
{
    const BindRows *rows = out->rows;
    const DataColumn *column = rows->row->columns[document->source->column];
    if (out->write == NULL || out->write->source != NULL || document->node != 0 ||
        column->class != DATA_JSONB || out->write->column->class != DATA_JSONB ||
        bytes < REFERENCE_LEAST_BYTES)
        return false;
    const char **path = arena_alloc(rows->arena, (out->depth + 1) * sizeof(*path));
    for (size_t i = 0; i < out->depth; i++)
        path[i] = arena_strdup(
            rows->arena, out->path[i]); /* Lua may collect its names before the batch is written */
    out->write->source = column;
    out->write->hole = rows->out.length_bytes;
    out->write->path = path;
    out->write->path_count = out->depth;
    return true;
}

static void write_userdata(lua_State *L, BindRowJson *out, int index)
{
    size_t bytes = 0;
    const char *text = bind_decimal_get(L, index, &bytes);
    const BindDocument *document = text != NULL ? NULL : bind_document_get(L, index);
    if (text == NULL && document == NULL)
        script_raise(L, 0, ERROR_SCRIPT, "a %s cannot be written as JSON", luaL_typename(L, index));
    if (document != NULL)
        text = data_document_raw(&document->source->document, document->node, &bytes);
    if (document == NULL || !by_reference(out, document, bytes))
        text_append_bytes(&out->rows->out, text, bytes);
}

static void enter(lua_State *L, BindRowJson *out, const char *name)
{
    if (out->depth == BIND_ROW_DEPTH_MAX)
        script_raise(L, 0, ERROR_SCRIPT, "the result is nested deeper than %d", BIND_ROW_DEPTH_MAX);
    out->path[out->depth++] = name;
}

static void refuse_mixed(lua_State *L)
{
    script_raise(L, 0, ERROR_SCRIPT,
                 "a table with both names and positions is neither a JSON object nor a list");
}

/* Whatever does not stand at a position of the list would be lost. */
static void check_list(lua_State *L, int index, lua_Unsigned length)
{
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (!lua_isinteger(L, -2) || (lua_Unsigned)lua_tointeger(L, -2) - 1 >= length)
            refuse_mixed(L);
    }
}

static void write_list(lua_State *L, BindRowJson *out, int index, lua_Unsigned length)
{
    check_list(L, index, length);
    text_append_char(&out->rows->out, '[');
    for (lua_Unsigned i = 1; i <= length; i++) {
        if (i > 1)
            text_append_char(&out->rows->out, ',');
        lua_rawgeti(L, index, (lua_Integer)i);
        enter(L, out, arena_printf(out->rows->arena, "%llu", (unsigned long long)(i - 1)));
        bind_row_json_value(L, out, lua_gettop(L));
        out->depth--;
        lua_pop(L, 1);
    }
    text_append_char(&out->rows->out, ']');
}

void bind_row_json_object(lua_State *L, BindRowJson *out, int index)
{
    bool first = true;
    text_append_char(&out->rows->out, '{');
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        size_t bytes = 0;
        if (lua_type(L, -2) != LUA_TSTRING)
            refuse_mixed(L);
        const char *name = lua_tolstring(L, -2, &bytes);
        if (!first)
            text_append_char(&out->rows->out, ',');
        first = false;
        bind_row_json_string(L, out, name, bytes);
        text_append_char(&out->rows->out, ':');
        enter(L, out, name);
        bind_row_json_value(L, out, lua_gettop(L));
        out->depth--;
        lua_pop(L, 1);
    }
    text_append_char(&out->rows->out, '}');
}

static void write_table(lua_State *L, BindRowJson *out, int index)
{
    lua_Unsigned length = lua_rawlen(L, index);
    luaL_checkstack(L, 8, "a JSON value");
    if (length > 0 || script_value_is_list(L, index))
        write_list(L, out, index, length);
    else
        bind_row_json_object(L, out, index);
}

/* index is absolute. */
void bind_row_json_value(lua_State *L, BindRowJson *out, int index)
{
    size_t bytes = 0;
    const char *text = NULL;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TLIGHTUSERDATA:
        text_append(&out->rows->out, "null");
        break;
    case LUA_TBOOLEAN:
        text_append(&out->rows->out, lua_toboolean(L, index) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        write_number(L, out, index);
        break;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &bytes);
        bind_row_json_string(L, out, text, bytes);
        break;
    case LUA_TTABLE:
        write_table(L, out, index);
        break;
    default:
        write_userdata(L, out, index);
        break;
    }
}
