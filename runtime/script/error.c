/* Error objects are tables {kind, message, sqlstate, hint, where}; kind_number is not for scripts.
 */
#include "script/error.h"

#include "script/sandbox.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char METATABLE[] = "headgate.error";

/* tostring(e): the position, when there is one, and the message. */
static int error_tostring(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushliteral(L, "where");
    lua_rawget(L, 1);
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    const char *where = lua_tostring(L, -2);
    const char *message = lua_tostring(L, -1);
    lua_pushfstring(L, "%s%s", where == NULL ? "" : where, message == NULL ? "" : message);
    return 1;
}

void script_error_open(lua_State *L)
{
    luaL_newmetatable(L, METATABLE);
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    if (text[0] == '\0')
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

int script_raise_error(lua_State *L, int level, const Error *err)
{
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, 5);
    set_text(L, "kind", error_kind_name(err->kind));
    set_text(L, "message", err->message);
    set_text(L, "sqlstate", err->sqlstate);
    set_text(L, "hint", err->hint);
    lua_pushinteger(L, err->kind);
    lua_setfield(L, -2, "kind_number");
    if (level > 0) {
        luaL_where(L, level);
        lua_setfield(L, -2, "where");
    }
    luaL_setmetatable(L, METATABLE);
    return lua_error(L);
}

int script_raise(lua_State *L, int level, ErrorKind kind, const char *format, ...)
{
    Error err = {.kind = kind};
    va_list args;
    va_start(args, format);
    vsnprintf(err.message, sizeof(err.message), format, args);
    va_end(args);
    return script_raise_error(L, level, &err);
}

static const char *field(lua_State *L, int index, const char *key)
{
    lua_pushstring(L, key);
    lua_rawget(L, index); /* stays on the stack, which keeps the text alive */
    return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
}

static bool is_error_object(lua_State *L, int index)
{
    if (!lua_istable(L, index) || !lua_getmetatable(L, index))
        return false;
    luaL_getmetatable(L, METATABLE);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static ErrorKind kind_of(lua_State *L, int index)
{
    lua_pushliteral(L, "kind_number");
    lua_rawget(L, index);
    lua_Integer kind = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return kind > ERROR_NONE && kind <= ERROR_INTERNAL ? (ErrorKind)kind : ERROR_SCRIPT;
}

void script_error_take(lua_State *L, Error *err)
{
    luaL_checkstack(L, 8, NULL);
    int index = lua_gettop(L);
    if (is_error_object(L, index)) {
        const char *where = field(L, index, "where");
        error_set(err, kind_of(L, index), "%s%s", where, field(L, index, "message"));
        snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", field(L, index, "sqlstate"));
        error_hint(err, "%s", field(L, index, "hint"));
    } else {
        error_set(err, ERROR_SCRIPT, "%s", script_tolstring(L, index, NULL));
    }
    lua_settop(L, index - 1);
}
