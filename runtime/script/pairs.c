/* The keys are collected and sorted once; the iterator skips those that were removed meanwhile. */
#include "script/pairs.h"

#include "script/state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

typedef struct Key {
    int rank; /* 0 number, 1 text, 2 anything else */
    lua_Number number;
    const char *text; /* kept alive by the list of keys */
    size_t text_bytes;
    lua_Integer position; /* in the list of keys */
} Key;

static int compare_text(const Key *a, const Key *b)
{
    size_t shorter = a->text_bytes < b->text_bytes ? a->text_bytes : b->text_bytes;
    int order = shorter == 0 ? 0 : memcmp(a->text, b->text, shorter);
    if (order != 0)
        return order;
    return (a->text_bytes > b->text_bytes) - (a->text_bytes < b->text_bytes);
}

static int compare(const void *left, const void *right)
{
    const Key *a = left;
    const Key *b = right;
    if (a->rank != b->rank)
        return a->rank - b->rank;
    if (a->rank == 0)
        return (a->number > b->number) - (a->number < b->number);
    if (a->rank == 1)
        return compare_text(a, b);
    return (a->position > b->position) - (a->position < b->position);
}

/* Pushes the list of the keys of the table at 1 and returns how many. */
static lua_Integer collect(lua_State *L)
{
    lua_newtable(L);
    lua_Integer count = 0;
    for (lua_pushnil(L); lua_next(L, 1) != 0;) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, ++count);
    }
    return count;
}

static void describe(lua_State *L, int list, lua_Integer position, Key *key)
{
    key->position = position;
    key->rank = 2;
    switch (lua_rawgeti(L, list, position)) {
    case LUA_TNUMBER:
        key->rank = 0;
        key->number = lua_tonumber(L, -1);
        break;
    case LUA_TSTRING:
        key->rank = 1;
        key->text = lua_tolstring(L, -1, &key->text_bytes);
        break;
    default:
        break;
    }
    lua_pop(L, 1);
}

/* Replaces the list on top by a sorted one. */
static void sort(lua_State *L, lua_Integer count)
{
    int list = lua_gettop(L);
    Key *keys = lua_newuserdatauv(L, (size_t)(count > 0 ? count : 1) * sizeof(Key), 0);
    for (lua_Integer i = 0; i < count; i++)
        describe(L, list, i + 1, &keys[i]);
    qsort(keys, (size_t)count, sizeof(Key), compare);
    lua_createtable(L, (int)(count & 0x7fffffff), 0);
    for (lua_Integer i = 0; i < count; i++) {
        lua_rawgeti(L, list, keys[i].position);
        lua_rawseti(L, -2, i + 1);
    }
    lua_replace(L, list);
    lua_settop(L, list);
}

/* Upvalues: the list of keys, the position in it. */
static int next_in_order(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer position = lua_tointeger(L, lua_upvalueindex(2));
    for (;;) {
        if (lua_rawgeti(L, lua_upvalueindex(1), ++position) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL)
            break;
        lua_pop(L, 2);
    }
    lua_pushinteger(L, position);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

static int plain_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (lua_next(L, 1) != 0)
        return 2;
    lua_pushnil(L);
    return 1;
}

int script_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    if (script_state_loading(L)) {
        lua_Integer count = collect(L);
        sort(L, count);
        lua_pushinteger(L, 0);
        lua_pushcclosure(L, next_in_order, 2);
    } else {
        lua_pushcfunction(L, plain_next);
    }
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}
