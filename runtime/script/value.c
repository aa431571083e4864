/* Two recursive walks with a depth and a count, because tables may be cycles or share parts without
 * end. */
#include "script/value.h"

#include "base/bounds.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_BYTES = 128 };

static const char LIST = 0; /* its address is the registry key of the metatable of lists */

static const char MIXED[] = "a table with both positions and names, or with holes";

typedef struct Walk {
    lua_State *L;
    Error *err;
    int depth;
    size_t values;
    size_t bytes;
    char place[PLACE_BYTES]; /* ".a.b[3]", for messages */
} Walk;

void script_value_open(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "list");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &LIST);
}

void script_value_mark_list(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &LIST);
    lua_setmetatable(L, index);
}

bool script_value_is_list(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (!lua_checkstack(L, 2) || !lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &LIST);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static void push_value(lua_State *L, const json_t *value, int depth);

static void push_object(lua_State *L, const json_t *value, int depth)
{
    lua_createtable(L, 0, (int)json_object_size(value));
    const char *key;
    json_t *item;
    json_object_foreach ((json_t *)value, key, item) {
        lua_pushstring(L, key);
        push_value(L, item, depth + 1);
        lua_rawset(L, -3);
    }
}

static void push_list(lua_State *L, const json_t *value, int depth)
{
    size_t count = json_array_size(value);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_value(L, json_array_get(value, i), depth + 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    script_value_mark_list(L, -1);
}

static void push_value(lua_State *L, const json_t *value, int depth)
{
    if (depth > BOUND_JSON_DEPTH)
        luaL_error(L, "JSON nested deeper than %d levels", BOUND_JSON_DEPTH);
    luaL_checkstack(L, 4, NULL);
    switch (value == NULL ? JSON_NULL : json_typeof(value)) {
    case JSON_OBJECT:
        push_object(L, value, depth);
        break;
    case JSON_ARRAY:
        push_list(L, value, depth);
        break;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(value));
        break;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(value));
        break;
    default:
        lua_pushlightuserdata(L, NULL);
        break;
    }
}

void script_value_push(lua_State *L, const json_t *value)
{
    push_value(L, value, 0);
}

static json_t *refuse(Walk *walk, const char *what)
{
    bool at_top = walk->place[0] == '\0';
    error_set(walk->err, ERROR_INPUT, "%s%s%s", what, at_top ? "" : ", at ", walk->place);
    return NULL;
}

json_t *script_value_text(lua_State *L, int index, Error *err)
{
    size_t bytes = 0;
    const char *text = lua_tolstring(L, index, &bytes);
    json_t *value = json_stringn(text, bytes);
    if (value == NULL)
        error_set(err, ERROR_INPUT, "a text that is not UTF-8");
    return value;
}

static json_t *walk_text(Walk *walk, int index)
{
    size_t bytes = 0;
    lua_tolstring(walk->L, index, &bytes);
    walk->bytes += bytes;
    if (walk->bytes > BOUND_JSON_BYTES)
        return refuse(walk, "more data than JSON may hold");
    json_t *value = script_value_text(walk->L, index, NULL);
    return value == NULL ? refuse(walk, "a text that is not UTF-8") : value;
}

static json_t *walk_number(Walk *walk, int index)
{
    if (lua_isinteger(walk->L, index))
        return json_integer(lua_tointeger(walk->L, index));
    double number = lua_tonumber(walk->L, index);
    return isfinite(number) ? json_real(number) : refuse(walk, "a number that is not finite");
}

static json_t *walk_value(Walk *walk, int index);

/* Steps into a part: the place grows by its name, and shrinks again afterwards. */
static json_t *walk_part(Walk *walk, const char *name, lua_Integer position)
{
    size_t length = strlen(walk->place);
    char *end = walk->place + length;
    if (name != NULL)
        snprintf(end, sizeof(walk->place) - length, ".%s", name);
    else
        snprintf(end, sizeof(walk->place) - length, "[%lld]", (long long)position);
    json_t *value = walk_value(walk, lua_gettop(walk->L));
    if (value != NULL)
        *end = '\0';
    return value;
}

static json_t *walk_list(Walk *walk, int index, lua_Integer count)
{
    json_t *list = json_array();
    for (lua_Integer i = 1; i <= count; i++) {
        bool hole = lua_rawgeti(walk->L, index, i) == LUA_TNIL;
        json_t *item = hole ? refuse(walk, MIXED) : walk_part(walk, NULL, i);
        lua_pop(walk->L, 1);
        if (item == NULL) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, item);
    }
    return list;
}

/* false once something is wrong. The key is at -2, the value at -1. */
static bool walk_field(Walk *walk, json_t *object)
{
    if (lua_type(walk->L, -2) != LUA_TSTRING)
        return refuse(walk, MIXED) != NULL;
    json_t *key = walk_text(walk, lua_gettop(walk->L) - 1);
    if (key == NULL)
        return false;
    const char *name = json_string_value(key);
    bool has_nul = strlen(name) != json_string_length(key);
    json_t *value = has_nul ? refuse(walk, "a name with a zero byte") : walk_part(walk, name, 0);
    bool ok = value != NULL && json_object_set_new(object, name, value) == 0;
    json_decref(key);
    return ok;
}

static json_t *walk_object(Walk *walk, int index)
{
    json_t *object = json_object();
    for (lua_pushnil(walk->L); lua_next(walk->L, index) != 0; lua_pop(walk->L, 1)) {
        if (!walk_field(walk, object)) {
            lua_pop(walk->L, 2);
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *walk_table(Walk *walk, int index)
{
    if (++walk->depth > BOUND_JSON_DEPTH || !lua_checkstack(walk->L, 8))
        return refuse(walk, "a table nested too deeply (or in itself)");
    lua_Integer count = (lua_Integer)lua_rawlen(walk->L, index);
    lua_Integer names = 0;
    for (lua_pushnil(walk->L); lua_next(walk->L, index) != 0; lua_pop(walk->L, 1))
        names++;
    bool is_list = names == count && (count > 0 || script_value_is_list(walk->L, index));
    json_t *value = is_list ? walk_list(walk, index, count) : walk_object(walk, index);
    walk->depth--;
    return value;
}

static json_t *walk_value(Walk *walk, int index)
{
    if (++walk->values > BOUND_JSON_VALUES)
        return refuse(walk, "more values than JSON may hold");
    char what[64];
    switch (lua_type(walk->L, index)) {
    case LUA_TNIL:
        return json_null();
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(walk->L, index));
    case LUA_TNUMBER:
        return walk_number(walk, index);
    case LUA_TSTRING:
        return walk_text(walk, index);
    case LUA_TTABLE:
        return walk_table(walk, index);
    case LUA_TLIGHTUSERDATA:
        return json_null();
    default:
        snprintf(what, sizeof(what), "a %s, which is not data",
                 lua_typename(walk->L, lua_type(walk->L, index)));
        return refuse(walk, what);
    }
}

json_t *script_value_json(lua_State *L, int index, Error *err)
{
    Walk walk = {.L = L, .err = err};
    int top = lua_gettop(L);
    json_t *value = walk_value(&walk, lua_absindex(L, index));
    lua_settop(L, top);
    return value;
}

const char *script_number_text(double number, char out[SCRIPT_NUMBER_BYTES])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, SCRIPT_NUMBER_BYTES, "%.*g", digits, number);
        if (strtod(out, NULL) == number)
            break;
    }
    return out;
}
