/* Only the bundle and the embedded scripts/ exist here; the file system does not. */
#include "bind/module.h"

#include "base/embed.h"
#include "base/suggest.h"
#include "bind/state.h"
#include "script/error.h"
#include "script/sandbox.h"

#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

enum { MODULE_BYTES = 200 };

static const char OURS[] = "headgate.";
static const char LOADED = 0;  /* its address is the registry key of the table of modules */
static const char LOADING = 0; /* … of those that are being loaded */

extern const EmbedFile bind_script_files[];

/* Dotted names of letters, digits, "_" and "-": nothing that could be a path. */
static bool is_module_name(const char *name)
{
    bool after_dot = true;
    for (const char *c = name; *c != '\0'; c++) {
        bool letter = isalnum((unsigned char)*c) || *c == '_' || *c == '-';
        if (!letter && (*c != '.' || after_dot))
            return false;
        after_dot = *c == '.';
    }
    return !after_dot && strlen(name) < MODULE_BYTES;
}

static void suggest_file(lua_State *L, Suggest *suggest, const char *wanted)
{
    const Bundle *bundle = bind_plan_bundle(bind_plan_of(L));
    suggest_init(suggest, wanted);
    for (size_t i = 0; i < bundle->files_count; i++)
        suggest_offer(suggest, bundle->files[i].path);
}

/* "lib.normalize" → "lib/normalize.lua", pushed. */
static const char *push_path(lua_State *L, const char *name)
{
    luaL_gsub(L, name, ".", "/");
    lua_pushliteral(L, ".lua");
    lua_concat(L, 2);
    return lua_tostring(L, -1);
}

static int no_module(lua_State *L, const char *name, const char *path)
{
    Suggest suggest;
    suggest_file(L, &suggest, path);
    if (suggest.best != NULL)
        return script_raise(L, 1, ERROR_INPUT,
                            "there is no module \"%s\": the plan has no file %s (did you mean %s?)",
                            name, path, suggest.best);
    return script_raise(L, 1, ERROR_INPUT, "there is no module \"%s\": the plan has no file %s",
                        name, path);
}

/* Pushes the module's chunk. */
static void load_module(lua_State *L, const char *name)
{
    if (text_starts(name, OURS)) {
        const char *path = push_path(L, name + strlen(OURS));
        const EmbedFile *ours = embed_find(bind_script_files, path);
        if (ours == NULL)
            script_raise(L, 1, ERROR_INPUT, "Headgate has no module \"%s\"", name);
        else
            script_load(L, name, ours->start, embed_bytes(ours));
        return;
    }
    const char *path = push_path(L, name);
    const BundleFile *file = bundle_find(bind_plan_bundle(bind_plan_of(L)), path);
    if (file == NULL)
        no_module(L, name, path);
    else
        script_load(L, path, file->bytes, file->size_bytes);
}

/* Pushes the table under a registry key, made when needed. */
static void push_registry(lua_State *L, const char *key)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

int bind_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    push_registry(L, &LOADED);  /* index 2 */
    push_registry(L, &LOADING); /* index 3 */
    if (!is_module_name(name))
        return script_raise(L, 1, ERROR_INPUT,
                            "require \"%s\": a module is a dotted name of a Lua file in the plan's "
                            "folder, like \"normalize\" or \"lib.normalize\"",
                            name);
    if (lua_getfield(L, 2, name) != LUA_TNIL)
        return 1;
    if (lua_getfield(L, 3, name) != LUA_TNIL)
        return script_raise(L, 1, ERROR_INPUT, "module \"%s\" requires itself", name);
    lua_settop(L, 3);
    lua_pushboolean(L, 1);
    lua_setfield(L, 3, name);
    load_module(L, name);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushnil(L);
    lua_setfield(L, 3, name);
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}

int bind_file_text(lua_State *L)
{
    size_t bytes = 0;
    const char *path = luaL_checklstring(L, 1, &bytes);
    int level = (int)luaL_checkinteger(L, 2);
    if (strlen(path) != bytes)
        return script_raise(L, level, ERROR_INPUT,
                            "the plan has no file with a zero byte in its name");
    const BundleFile *file = bundle_find(bind_plan_bundle(bind_plan_of(L)), path);
    if (file == NULL) {
        Suggest suggest;
        suggest_file(L, &suggest, path);
        if (suggest.best != NULL)
            return script_raise(L, level, ERROR_INPUT,
                                "the plan has no file \"%s\" (did you mean %s?)", path,
                                suggest.best);
        return script_raise(L, level, ERROR_INPUT, "the plan has no file \"%s\"", path);
    }
    if (memchr(file->bytes, '\0', file->size_bytes) != NULL)
        return script_raise(L, level, ERROR_INPUT, "%s is not text", path);
    lua_pushlstring(L, file->bytes, file->size_bytes);
    return 1;
}
