/* The allow-lists, and the replacements for the few functions that would show addresses, take
 * compiled code or outlive their deadline. */
#include "script/sandbox.h"

#include "base/suggest.h"
#include "base/text.h"
#include "script/error.h"
#include "script/pairs.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

typedef struct Library {
    const char *name; /* "" = the globals */
    lua_CFunction open;
    const char *const *allowed; /* NULL behind the last */
} Library;

static const char *const GLOBALS[] = {
    "assert",       "error",    "getmetatable", "ipairs", "next",     "pairs",
    "pcall",        "rawequal", "rawget",       "rawlen", "rawset",   "select",
    "setmetatable", "tonumber", "tostring",     "type",   "_VERSION", NULL,
};
static const char *const STRING[] = {
    "byte", "char",     "find", "format",  "gmatch", "gsub",   "len",   "lower", "match",
    "pack", "packsize", "rep",  "reverse", "sub",    "unpack", "upper", NULL,
};
static const char *const TABLE[] = {
    "concat", "insert", "move", "pack", "remove", "sort", "unpack", NULL,
};
static const char *const MATH[] = {
    "abs", "ceil",       "cos",  "deg",        "exp",  "floor", "fmod", "huge", "log",
    "max", "maxinteger", "min",  "mininteger", "modf", "pi",    "rad",  "sin",  "sqrt",
    "tan", "tointeger",  "type", "ult",        "acos", "asin",  "atan", NULL,
};
static const char *const UTF8[] = {
    "char", "charpattern", "codepoint", "codes", "len", "offset", NULL,
};

static const Library LIBRARIES[] = {
    {"", luaopen_base, GLOBALS},
    {LUA_STRLIBNAME, luaopen_string, STRING},
    {LUA_TABLIBNAME, luaopen_table, TABLE},
    {LUA_MATHLIBNAME, luaopen_math, MATH},
    {LUA_UTF8LIBNAME, luaopen_utf8, UTF8},
};

/* Names people try, and what to do instead. */
static const struct {
    const char *name;
    const char *instead;
} WITHHELD[] = {
    {"_G", "globals are not for plans; use locals and modules"},
    {"collectgarbage", "memory is the platform's business"},
    {"coroutine", "waiting functions (db:query, sleep) already read like plain code"},
    {"debug", "a plan cannot look into the platform"},
    {"dofile", "use require for modules of the plan's folder"},
    {"io", "use file \"sql/x.sql\" for files of the plan's folder"},
    {"load", "a plan is only what stands in its files"},
    {"loadfile", "use require for modules of the plan's folder"},
    {"loadstring", "a plan is only what stands in its files"},
    {"os", "time and environment belong to the database and to headgate.yaml"},
    {"package", "use require for modules of the plan's folder"},
    {"print", "use log(\"…\") in a task"},
    {"xpcall", "use pcall"},
};

static const char GLOBAL_NAMES = 0; /* its address is the registry key of the table of globals */

const char *const *script_sandbox_names(const char *library)
{
    for (size_t i = 0; i < COUNT_OF(LIBRARIES); i++) {
        if (text_equal(LIBRARIES[i].name, library))
            return LIBRARIES[i].allowed;
    }
    return NULL;
}

/* As Lua writes an integer, without printf: keys become texts in every row. */
static const char *push_digits(lua_State *L, lua_Integer value, size_t *ret_bytes)
{
    char digits[TEXT_INT_BYTES];
    char *end = digits + sizeof(digits);
    const char *at = text_int(end, value);
    lua_pushlstring(L, at, (size_t)(end - at));
    return lua_tolstring(L, -1, ret_bytes);
}

const char *script_tolstring(lua_State *L, int index, size_t *ret_bytes)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 4, NULL);
    int type = lua_type(L, index);
    if (lua_isinteger(L, index))
        return push_digits(L, lua_tointeger(L, index), ret_bytes);
    bool plain =
        type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING;
    if (plain)
        return luaL_tolstring(L, index, ret_bytes);
    if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
        lua_pushvalue(L, index);
        lua_call(L, 1, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "'__tostring' must return a string");
        return lua_tolstring(L, -1, ret_bytes);
    }
    if (type == LUA_TLIGHTUSERDATA)
        lua_pushliteral(L, "null");
    else if (luaL_getmetafield(L, index, "__name") != LUA_TSTRING)
        lua_pushstring(L, lua_typename(L, type));
    return lua_tolstring(L, -1, ret_bytes);
}

static int sandbox_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    script_tolstring(L, 1, NULL);
    return 1;
}

/* %p would print an address, and %s of a table too. Upvalue: Lua's format. */
static int sandbox_format(lua_State *L)
{
    const char *format = luaL_checkstring(L, 1);
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at, '%')) {
        at += 1 + strspn(at + 1, "-+ #0123456789.");
        if (*at == 'p')
            return luaL_argerror(L, 1, "addresses (%p) are not available");
        if (*at != '\0')
            at++;
    }
    int count = lua_gettop(L);
    for (int i = 2; i <= count; i++) {
        if (lua_type(L, i) == LUA_TSTRING || lua_type(L, i) <= LUA_TBOOLEAN ||
            lua_type(L, i) == LUA_TNUMBER)
            continue;
        script_tolstring(L, i, NULL);
        lua_replace(L, i);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 1);
    return 1;
}

/* Lua's rep loops n times over an empty text, which no hook could stop. Upvalue: Lua's rep. */
static int sandbox_rep(lua_State *L)
{
    size_t bytes = 0;
    size_t separator_bytes = 0;
    luaL_checklstring(L, 1, &bytes);
    luaL_optlstring(L, 3, "", &separator_bytes);
    int count = lua_gettop(L);
    if (bytes == 0 && separator_bytes == 0) {
        luaL_checkinteger(L, 2);
        lua_pushliteral(L, "");
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 1);
    return 1;
}

/* Finalizers run with hooks off, so nothing could stop one that loops. */
static int sandbox_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnoneornil(L, 2) && !lua_istable(L, 2))
        return luaL_typeerror(L, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "finalizers (__gc) are not available to scripts");
        lua_pop(L, 1);
    }
    lua_setmetatable(L, 1);
    return 1;
}

/* rawset would go round the check for globals. */
static int sandbox_rawset(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    lua_pushglobaltable(L);
    if (lua_rawequal(L, 1, -1))
        return script_raise(L, 1, ERROR_INPUT, "plans may not set globals");
    lua_pop(L, 1);
    lua_rawset(L, 1);
    return 1;
}

typedef struct Replacement {
    const char *library;
    const char *name;
    lua_CFunction function; /* upvalue 1: what it replaces */
} Replacement;

static const Replacement REPLACEMENTS[] = {
    {"", "tostring", sandbox_tostring},         {"", "pairs", script_pairs},
    {"", "setmetatable", sandbox_setmetatable}, {"", "rawset", sandbox_rawset},
    {LUA_STRLIBNAME, "format", sandbox_format}, {LUA_STRLIBNAME, "rep", sandbox_rep},
};

static const char *withheld(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(WITHHELD); i++) {
        if (text_equal(WITHHELD[i].name, name))
            return WITHHELD[i].instead;
    }
    return NULL;
}

void script_each_name(lua_State *L, void (*each)(void *ctx, const char *name), void *ctx)
{
    luaL_checkstack(L, 4, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &GLOBAL_NAMES);
    int names = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, names) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING)
            each(ctx, lua_tostring(L, -2));
    }
    lua_pop(L, 1);
}

static void offer(void *suggest, const char *name)
{
    suggest_offer(suggest, name);
}

static int unknown_name(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
    const char *instead = withheld(name);
    if (instead != NULL)
        return script_raise(L, 1, ERROR_INPUT, "\"%s\" is not available to plans: %s", name,
                            instead);
    Suggest suggest;
    suggest_init(&suggest, name);
    script_each_name(L, offer, &suggest);
    if (suggest.best == NULL)
        return script_raise(L, 1, ERROR_INPUT, "unknown name \"%s\"", name);
    return script_raise(L, 1, ERROR_INPUT, "unknown name \"%s\" (did you mean %s?)", name,
                        suggest.best);
}

static int set_global(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "name";
    return script_raise(L, 1, ERROR_INPUT, "plans may not set globals; write `local %s`", name);
}

static void copy_allowed(lua_State *L, const Library *library, int from, int to)
{
    for (const char *const *name = library->allowed; *name != NULL; name++) {
        lua_getfield(L, from, *name);
        lua_setfield(L, to, *name);
    }
    for (size_t i = 0; i < COUNT_OF(REPLACEMENTS); i++) {
        const Replacement *replacement = &REPLACEMENTS[i];
        if (!text_equal(replacement->library, library->name))
            continue;
        lua_getfield(L, from, replacement->name);
        lua_pushcclosure(L, replacement->function, 1);
        lua_setfield(L, to, replacement->name);
    }
}

/* Opens a library and copies what is allowed of it into the table of globals at names. */
static void open_library(lua_State *L, const Library *library, int names)
{
    lua_pushcfunction(L, library->open);
    lua_pushstring(L, library->name);
    lua_call(L, 1, 1);
    int opened = lua_gettop(L);
    if (library->name[0] == '\0') {
        copy_allowed(L, library, opened, names);
    } else {
        lua_newtable(L);
        copy_allowed(L, library, opened, lua_gettop(L));
        lua_setfield(L, names, library->name);
    }
    lua_settop(L, opened - 1);
}

/* Methods of strings are the allowed ones, and their metatable cannot be reached. */
static void close_string_metatable(lua_State *L, int names)
{
    lua_pushliteral(L, "");
    invariant(lua_getmetatable(L, -1));
    lua_getfield(L, names, LUA_STRLIBNAME);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

/* The environment of scripts is empty, so that every write meets __newindex; its __index is the
 * table of globals, whose own __index knows what to say about a name that is not there. */
static void make_environment(lua_State *L, int names)
{
    lua_newtable(L); /* the environment */
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, names);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, set_global);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);

    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, unknown_name);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, names);
}

void script_sandbox_open(lua_State *L)
{
    luaL_checkstack(L, 12, NULL);
    lua_newtable(L);
    int names = lua_gettop(L);
    for (size_t i = 0; i < COUNT_OF(LIBRARIES); i++)
        open_library(L, &LIBRARIES[i], names);
    close_string_metatable(L, names);
    make_environment(L, names);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &GLOBAL_NAMES);
}

void script_define(lua_State *L, const char *name)
{
    luaL_checkstack(L, 2, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &GLOBAL_NAMES);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void script_load(lua_State *L, const char *path, const char *text, size_t bytes)
{
    if (bytes > 0 && text[0] == LUA_SIGNATURE[0])
        script_raise(L, 0, ERROR_INPUT, "%s: this is compiled Lua; only text is accepted", path);
    if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        bytes -= 3;
    }
    lua_pushfstring(L, "@%s", path);
    int status = luaL_loadbufferx(L, text, bytes, lua_tostring(L, -1), "t");
    if (status == LUA_ERRSYNTAX)
        script_raise(L, 0, ERROR_INPUT, "%s", lua_tostring(L, -1));
    if (status != LUA_OK)
        lua_error(L);
    lua_remove(L, -2);
}
