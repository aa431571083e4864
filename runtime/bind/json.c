/* json.encode, json.decode, json.null, json.array. */
#include "base/text.h"
#include "bind/api.h"
#include "script/error.h"
#include "script/value.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static const char HOLDER[] = "headgate.json";

/* A userdata that owns a JSON value or text while Lua, which may raise, works on it. */
typedef struct Holder {
    json_t *value;
    char *text;
} Holder;

static int holder_free(lua_State *L)
{
    Holder *holder = lua_touserdata(L, 1);
    json_decref(holder->value);
    free(holder->text);
    *holder = (Holder){NULL, NULL};
    return 0;
}

static Holder *push_holder(lua_State *L)
{
    Holder *holder = lua_newuserdatauv(L, sizeof(*holder), 0);
    *holder = (Holder){NULL, NULL};
    if (luaL_newmetatable(L, HOLDER)) {
        lua_pushcfunction(L, holder_free);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return holder;
}

static int json_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    Holder *holder = push_holder(L);
    Error err;
    holder->value = script_value_json(L, 1, &err);
    if (holder->value == NULL)
        return script_raise(L, 1, ERROR_SCRIPT, "json.encode: %s", err.message);
    holder->text = json_canonical(holder->value);
    lua_pushstring(L, holder->text);
    lua_pushcfunction(L, holder_free);
    lua_pushvalue(L, 2);
    lua_call(L, 1, 0);
    return 1;
}

static int json_decode(lua_State *L)
{
    size_t bytes = 0;
    const char *text = luaL_checklstring(L, 1, &bytes);
    lua_settop(L, 1);
    Holder *holder = push_holder(L);
    Error err;
    holder->value = json_parse(text, bytes, &err);
    if (holder->value == NULL)
        return script_raise(L, 1, ERROR_SCRIPT, "json.decode: %s", err.message);
    script_value_push(L, holder->value);
    lua_pushcfunction(L, holder_free);
    lua_pushvalue(L, 2);
    lua_call(L, 1, 0);
    return 1;
}

static int json_mark_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1))
        lua_newtable(L);
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_settop(L, 1);
    if (lua_getmetatable(L, 1)) {
        lua_pop(L, 1);
        if (!script_value_is_list(L, 1))
            return script_raise(L, 1, ERROR_SCRIPT,
                                "json.array: the table has a metatable of its own");
    }
    script_value_mark_list(L, 1);
    return 1;
}

static int push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
    return 1;
}

const BindFunction BIND_JSON_FUNCTIONS[] = {
    {.name = "encode",
     .function = json_encode,
     .params =
         (const BindParam[]){{"value", "any", "tables, texts, numbers, booleans, json.null"}, {0}},
     .returns = "string text keys are sorted, so that the same value is always the same text",
     .doc = "Writes a value as JSON. A table with entries 1 … n is a list, every other one an "
            "object; an "
            "empty table is an object unless it is marked with json.array.",
     .example = "json.encode { id = 820982911946154508, tags = json.array {} }"},
    {.name = "decode",
     .function = json_decode,
     .params = (const BindParam[]){{"text", "string",
                                    "JSON; the values of json and jsonb columns "
                                    "that db:query gives"},
                                   {0}},
     .returns = "any value null is json.null; lists are marked, so that an empty one stays a list",
     .doc = "Reads JSON. Whole numbers of up to 64 bits stay whole; others are floating-point "
            "numbers.",
     .example = "local order = json.decode(row.payload)"},
    {.name = "array",
     .function = json_mark_array,
     .params =
         (const BindParam[]){{"list?", "table", "changed in place; a new one when left out"}, {0}},
     .returns = "table list",
     .doc = "Marks a table as a list, for lists that may be empty.",
     .example = "json.array {}"},
    {.name = "null",
     .form = FORM_VALUE,
     .function = push_null,
     .returns = "userdata",
     .doc =
         "JSON's null, and SQL's NULL as a parameter of db:query. A column that is NULL is simply "
         "absent (nil) in a row.",
     .example = "db:exec(\"UPDATE t SET v = $1\", json.null)"},
    {0},
};
