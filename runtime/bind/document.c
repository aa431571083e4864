/* Documents and decimals as userdata. A document is three words; its text and index belong to the
 * row. */
#include "bind/document.h"

#include "script/error.h"

#include <lauxlib.h>
#include <string.h>

static const char DOCUMENT[] = "headgate.document";
static const char DECIMAL[] = "headgate.decimal";

/* As luaL_testudata does, but a table is found by an address much sooner than by a name. */
static void *of_kind(lua_State *L, int index, const char *kind)
{
    void *found = lua_touserdata(L, index);
    if (found == NULL || !lua_getmetatable(L, index))
        return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, kind);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? found : NULL;
}

/* ---- decimals ---- */

void bind_decimal_push(lua_State *L, const char *text, size_t bytes)
{
    int64_t whole = 0;
    double number = 0;
    if (data_decimal_int(text, bytes, &whole)) {
        lua_pushinteger(L, whole);
    } else if (data_decimal_double(text, bytes, &number)) {
        lua_pushnumber(L, number);
    } else {
        char *copy = lua_newuserdatauv(L, bytes + 1, 0);
        memcpy(copy, text, bytes);
        copy[bytes] = '\0';
        luaL_setmetatable(L, DECIMAL);
    }
}

const char *bind_decimal_get(lua_State *L, int index, size_t *ret_bytes)
{
    const char *text = of_kind(L, index, DECIMAL);
    if (text != NULL)
        *ret_bytes = strlen(text);
    return text;
}

static int decimal_text(lua_State *L)
{
    lua_pushstring(L, luaL_checkudata(L, 1, DECIMAL));
    return 1;
}

static int decimal_equal(lua_State *L)
{
    const char *left = luaL_testudata(L, 1, DECIMAL);
    const char *right = luaL_testudata(L, 2, DECIMAL);
    lua_pushboolean(L, left != NULL && right != NULL && strcmp(left, right) == 0);
    return 1;
}

static int decimal_refuse(lua_State *L)
{
    return script_raise(L, 1, ERROR_SCRIPT,
                        "a decimal that Lua's numbers cannot hold exactly does not calculate; "
                        "write tonumber(tostring(x)) if an "
                        "approximation will do");
}

/* ---- documents ---- */

void bind_document_push(lua_State *L, const BindDocumentSource *source, uint32_t node)
{
    const DataDocumentNode *at = data_document_node(&source->document, node);
    size_t bytes = 0;
    const char *text = NULL;
    switch ((DataDocumentKind)at->kind) {
    case DOCUMENT_NULL:
        lua_pushnil(L);
        break;
    case DOCUMENT_FALSE:
    case DOCUMENT_TRUE:
        lua_pushboolean(L, at->kind == DOCUMENT_TRUE);
        break;
    case DOCUMENT_NUMBER:
        text = data_document_raw(&source->document, node, &bytes);
        bind_decimal_push(L, text, bytes);
        break;
    case DOCUMENT_STRING:
        text = data_document_string(&source->document, node, source->scratch, &bytes);
        lua_pushlstring(L, text, bytes);
        break;
    case DOCUMENT_ARRAY:
    case DOCUMENT_OBJECT: {
        BindDocument *document = lua_newuserdatauv(L, sizeof(*document), 0);
        *document = (BindDocument){.source = source, .row = source->row, .node = node};
        lua_rawgetp(L, LUA_REGISTRYINDEX, DOCUMENT);
        lua_setmetatable(L, -2);
        break;
    }
    }
}

static const BindDocument *of_this_row(lua_State *L, const BindDocument *document)
{
    if (document != NULL &&
        (document->row != *document->source->now || document->row != document->source->row))
        script_raise(L, 1, ERROR_SCRIPT,
                     "this value belongs to a row that is gone: a map sees one row at a time");
    return document;
}

const BindDocument *bind_document_get(lua_State *L, int index)
{
    return of_this_row(L, of_kind(L, index, DOCUMENT));
}

static const BindDocument *check(lua_State *L)
{
    const BindDocument *document = bind_document_get(L, 1);
    if (document == NULL)
        luaL_checkudata(L, 1, DOCUMENT);
    return document;
}

static void push_found(lua_State *L, const BindDocument *document, uint32_t node)
{
    if (node == DOCUMENT_NONE)
        lua_pushnil(L);
    else
        bind_document_push(L, document->source, node);
}

/* upvalue 1: the documents' metatable. To look for that by its name at each step of a path costs as
 * much as the rest. */
static int document_index(lua_State *L)
{
    bool ours = lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1));
    const BindDocument *document = ours ? of_this_row(L, lua_touserdata(L, 1)) : check(L);
    size_t bytes = 0;
    if (lua_isinteger(L, 2)) {
        lua_Integer position = lua_tointeger(L, 2);
        bool possible = position >= 1 && position <= UINT32_MAX;
        push_found(L, document,
                   possible ? data_document_at(&document->source->document, document->node,
                                               (uint32_t)position)
                            : DOCUMENT_NONE);
    } else if (lua_type(L, 2) == LUA_TSTRING) {
        const char *key = lua_tolstring(L, 2, &bytes);
        push_found(L, document,
                   data_document_find(&document->source->document, document->node, key, bytes));
    } else {
        lua_pushnil(L);
    }
    return 1;
}

static int document_length(lua_State *L)
{
    const BindDocument *document = check(L);
    const DataDocumentNode *node = data_document_node(&document->source->document, document->node);
    lua_pushinteger(L, node->kind == DOCUMENT_ARRAY ? (lua_Integer)node->count : 0);
    return 1;
}

static int document_text(lua_State *L)
{
    const BindDocument *document = check(L);
    size_t bytes = 0;
    const char *text = data_document_raw(&document->source->document, document->node, &bytes);
    lua_pushlstring(L, text, bytes);
    return 1;
}

static int document_refuse(lua_State *L)
{
    return script_raise(L, 1, ERROR_SCRIPT, "a row's values are read only: build a new table");
}

/* upvalues: 1 the document, 2 the next node, 3 how many were given. A null of a member is given as
 * json.null, so that the loop goes on. */
static int document_next(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_replace(L, 1);
    const BindDocument *document = check(L);
    const DataDocument *data = &document->source->document;
    const DataDocumentNode *parent = data_document_node(data, document->node);
    uint32_t node = (uint32_t)lua_tointeger(L, lua_upvalueindex(2));
    lua_Integer given = lua_tointeger(L, lua_upvalueindex(3));
    if (given >= (lua_Integer)parent->count)
        return 0;
    lua_pushinteger(L, given + 1);
    lua_copy(L, -1, lua_upvalueindex(3));
    if (parent->kind == DOCUMENT_OBJECT) {
        lua_pop(L, 1);
        bind_document_push(L, document->source, node);
        node = data_document_node(data, node)->next;
    }
    if (data_document_node(data, node)->kind == DOCUMENT_NULL)
        lua_pushlightuserdata(L, NULL);
    else
        bind_document_push(L, document->source, node);
    lua_pushinteger(L, data_document_node(data, node)->next);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

static int document_pairs(lua_State *L)
{
    const BindDocument *document = check(L);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, (lua_Integer)document->node + 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, document_next, 3);
    return 1;
}

/* A map may ask any part of a document for a field: a number has none, as a missing field has none.
 */
static int decimal_index(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

static void metatable(lua_State *L, const char *name, const luaL_Reg *functions)
{
    luaL_newmetatable(L, name);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, name);
    lua_pushvalue(L, -1);
    luaL_setfuncs(L, functions, 1);
    lua_pushliteral(L, "a row's value");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void bind_document_open(lua_State *L)
{
    static const luaL_Reg DOCUMENT_FUNCTIONS[] = {
        {"__index", document_index},   {"__len", document_length},      {"__pairs", document_pairs},
        {"__tostring", document_text}, {"__newindex", document_refuse}, {NULL, NULL}};
    static const luaL_Reg DECIMAL_FUNCTIONS[] = {
        {"__tostring", decimal_text}, {"__eq", decimal_equal},
        {"__add", decimal_refuse},    {"__sub", decimal_refuse},
        {"__mul", decimal_refuse},    {"__div", decimal_refuse},
        {"__lt", decimal_refuse},     {"__le", decimal_refuse},
        {"__index", decimal_index},   {NULL, NULL}};
    metatable(L, DOCUMENT, DOCUMENT_FUNCTIONS);
    metatable(L, DECIMAL, DECIMAL_FUNCTIONS);
}
