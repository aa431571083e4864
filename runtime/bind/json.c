/* json.encode, json.decode, json.null, json.array. */
#include "base/bounds.h"
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
    Text text;
} Holder;

static int holder_free(lua_State *L)
{
    Holder *holder = lua_touserdata(L, 1);
    json_decref(holder->value);
    text_done(&holder->text);
    holder->value = NULL;
    return 0;
}

static Holder *push_holder(lua_State *L)
{
    Holder *holder = lua_newuserdatauv(L, sizeof(*holder), 0);
    memset(holder, 0, sizeof(*holder));
    if (luaL_newmetatable(L, HOLDER)) {
        lua_pushcfunction(L, holder_free);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return holder;
}

/* ---- writing: jansson would write 0.1 as 0.10000000000000001, and jsonb would keep it ---- */

static void write_value(Text *out, const json_t *value);

static void write_text(Text *out, const char *text, size_t bytes)
{
    json_t *string = json_stringn(text, bytes);
    char *quoted = json_text(string);
    text_append(out, quoted);
    free(quoted);
    json_decref(string);
}

static void write_number(Text *out, double number)
{
    char digits[SCRIPT_NUMBER_BYTES];
    text_append(out, script_number_text(number, digits));
    if (strpbrk(digits, ".e") == NULL)
        text_append(out, ".0"); /* still no whole number when it is read back */
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void write_object(Text *out, const json_t *value)
{
    size_t count = 0;
    const char **names = base_alloc((json_object_size(value) + 1) * sizeof(char *));
    const char *name;
    json_t *item;
    json_object_foreach ((json_t *)value, name, item)
        names[count++] = name;
    qsort(names, count, sizeof(char *), compare_names);
    text_append_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_append_char(out, ',');
        write_text(out, names[i], strlen(names[i]));
        text_append_char(out, ':');
        write_value(out, json_object_get(value, names[i]));
    }
    text_append_char(out, '}');
    free(names);
}

static void write_list(Text *out, const json_t *value)
{
    text_append_char(out, '[');
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i > 0)
            text_append_char(out, ',');
        write_value(out, json_array_get(value, i));
    }
    text_append_char(out, ']');
}

static void write_value(Text *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(out, value);
        break;
    case JSON_ARRAY:
        write_list(out, value);
        break;
    case JSON_STRING:
        write_text(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        text_printf(out, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        write_number(out, json_real_value(value));
        break;
    default:
        text_append(out, json_is_null(value) ? "null" : json_is_true(value) ? "true" : "false");
        break;
    }
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
    text_init(&holder->text, BOUND_JSON_BYTES);
    write_value(&holder->text, holder->value);
    if (holder->text.overflowed)
        return script_raise(L, 1, ERROR_SCRIPT, "json.encode: more than %d bytes",
                            BOUND_JSON_BYTES);
    lua_pushlstring(L, text_string(&holder->text), holder->text.length_bytes);
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
