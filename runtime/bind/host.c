/* The prelude's host table: { words, node, value, define, made, here, fail, file_text }. */
#include "bind/host.h"

#include "base/embed.h"
#include "bind/module.h"
#include "bind/state.h"
#include "plan/word.h"
#include "script/error.h"
#include "script/sandbox.h"

#include <lauxlib.h>

static const char PRELUDE[] = "prelude.lua";

/* Their addresses are registry keys. */
static const char NODE = 0;
static const char VALUE = 0;
static const char NODES = 0;

extern const EmbedFile bind_script_files[];

static const char *const FORMS[] = {
    [WORD_NODE] = "node",   [WORD_PLAIN] = "plain", [WORD_TEXT] = "text",
    [WORD_TABLE] = "table", [WORD_SQL] = "sql",     [WORD_CASE] = "case",
};

static bool has_metatable(lua_State *L, int index, const char *key)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index) || !lua_checkstack(L, 2) || !lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

bool bind_is_node(lua_State *L, int index)
{
    return has_metatable(L, index, &NODE);
}

bool bind_is_value(lua_State *L, int index)
{
    return has_metatable(L, index, &VALUE);
}

BindVerdict bind_verdict(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index) || bind_is_node(L, index))
        return VERDICT_NONE;
    if (!bind_is_value(L, index))
        return VERDICT_COLUMNS;
    bind_verdict_field(L, index, "$");
    const char *word = lua_tostring(L, -1);
    BindVerdict verdict = text_equal(word, "skip")        ? VERDICT_SKIP
                          : text_equal(word, "reject")    ? VERDICT_REJECT
                          : text_equal(word, "ambiguous") ? VERDICT_AMBIGUOUS
                                                          : VERDICT_NONE;
    lua_pop(L, 1);
    return verdict;
}

void bind_verdict_field(lua_State *L, int index, const char *field)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 1, NULL);
    lua_pushstring(L, field);
    lua_rawget(L, index);
}

static int host_define(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 2);
    script_define(L, name);
    return 0;
}

static int host_made(lua_State *L)
{
    lua_settop(L, 1);
    bind_host_push_nodes(L);
    lua_insert(L, 1);
    lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
    return 0;
}

static int host_here(lua_State *L)
{
    lua_Debug activation = {.currentline = 0};
    if (!lua_getstack(L, (int)luaL_checkinteger(L, 1), &activation))
        return luaL_error(L, "nothing is at that level");
    lua_getinfo(L, "Sl", &activation);
    lua_pushstring(L, activation.source[0] == '@' ? activation.source + 1 : "?");
    lua_pushinteger(L, activation.currentline);
    return 2;
}

static int host_fail(lua_State *L)
{
    int level = (int)luaL_checkinteger(L, 1);
    return script_raise(L, level, ERROR_INPUT, "%s", luaL_checkstring(L, 2));
}

static const luaL_Reg PRIMITIVES[] = {
    {"define", host_define}, {"made", host_made},           {"here", host_here},
    {"fail", host_fail},     {"file_text", bind_file_text}, {NULL, NULL},
};

static void push_word(lua_State *L, const PlanWord *word)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, word->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, FORMS[word->form]);
    lua_setfield(L, -2, "form");
    lua_newtable(L);
    for (const PlanKey *key = word->keys; key != NULL && key->name != NULL; key++) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, key->name);
    }
    lua_setfield(L, -2, "keys");
}

static void push_words(lua_State *L)
{
    lua_newtable(L);
    const PlanWord *word;
    for (size_t i = 0; (word = plan_word_at(i)) != NULL; i++) {
        push_word(L, word);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* Sets field of the table on top to a new table, which the registry keeps under key. */
static void new_shared_table(lua_State *L, const char *field, const char *key)
{
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
    lua_setfield(L, -2, field);
}

void bind_host_push_nodes(lua_State *L)
{
    luaL_checkstack(L, 1, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &NODES);
}

void bind_host_open(lua_State *L)
{
    luaL_checkstack(L, 12, NULL);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &NODES);
    const EmbedFile *prelude = embed_find(bind_script_files, PRELUDE);
    invariant(prelude != NULL);
    script_load(L, "headgate.prelude", prelude->start, embed_bytes(prelude));
    luaL_newlib(L, PRIMITIVES);
    push_words(L);
    lua_setfield(L, -2, "words");
    new_shared_table(L, "node", &NODE);
    new_shared_table(L, "value", &VALUE);
    lua_call(L, 1, 0);
}
