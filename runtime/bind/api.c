/* The list of modules, and how a state gets them. */
#include "bind/api.h"

#include "bind/host.h"
#include "bind/state.h"
#include "script/sandbox.h"
#include "script/value.h"

#include <lauxlib.h>

static const BindModule MODULES[] = {
    {"", "Waiting, telling and the files of the plan.", BIND_GLOBAL_FUNCTIONS},
    {"db",
     "The database, in the transaction of the step or (for map) read only. It is the argument of "
     "run, undo "
     "and map.",
     BIND_DB_FUNCTIONS},
    {"json", "JSON text and Lua values. 64-bit integers stay integers, [] stays a list.",
     BIND_JSON_FUNCTIONS},
};

static const char DB = 0; /* its address is the registry key of the value `db` */

const BindModule *bind_module_at(size_t index)
{
    return index < COUNT_OF(MODULES) ? &MODULES[index] : NULL;
}

static void push_function(lua_State *L, const BindFunction *row)
{
    if (row->form == FORM_VALUE)
        row->function(L);
    else
        lua_pushcfunction(L, row->function);
}

static void open_globals(lua_State *L, const BindModule *module)
{
    for (const BindFunction *row = module->functions; row->name != NULL; row++) {
        push_function(L, row);
        script_define(L, row->name);
    }
}

/* Pushes a table with the module's functions. */
static void push_module(lua_State *L, const BindModule *module)
{
    lua_newtable(L);
    for (const BindFunction *row = module->functions; row->name != NULL; row++) {
        push_function(L, row);
        lua_setfield(L, -2, row->name);
    }
}

/* A userdata whose methods are the module's functions. */
static void open_object(lua_State *L, const BindModule *module, const char *registry_key)
{
    lua_newuserdatauv(L, 1, 0);
    lua_createtable(L, 0, 3);
    push_module(L, module);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, module->name);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, registry_key);
}

void bind_db_push(lua_State *L)
{
    luaL_checkstack(L, 1, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &DB);
}

void bind_open(lua_State *L)
{
    luaL_checkstack(L, 12, NULL);
    script_value_open(L);
    for (size_t i = 0; i < COUNT_OF(MODULES); i++) {
        const BindModule *module = &MODULES[i];
        if (module->name[0] == '\0') {
            open_globals(L, module);
        } else if (module->functions[0].form == FORM_METHOD) {
            open_object(L, module, &DB);
        } else {
            push_module(L, module);
            script_define(L, module->name);
        }
    }
    bind_host_open(L);
}
