/* params is one read-only object; its values come after the plan is loaded (bind_plan_params), so
 * that no part of the plan can depend on them: what is approved is one graph, and the values beside
 * it. */
#include "bind/param.h"

#include "base/bounds.h"
#include "base/suggest.h"
#include "bind/state.h"
#include "script/error.h"
#include "script/value.h"

#include <lauxlib.h>

static const char VALUES = 0; /* its address is the registry key of the table of values */
static const char NAMES = 0;  /* … of the set of declared names */

static void push_table(lua_State *L, const char *key)
{
    luaL_checkstack(L, 4, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
}

static int no_such(lua_State *L, const char *name)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    push_table(L, &NAMES);
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
        suggest_offer(&suggest, lua_tostring(L, -2)); /* the names stay alive in their table */
    return script_raise(L, 1, ERROR_INPUT, "the plan declares no parameter \"%s\"%s", name,
                        bind_suggested(L, &suggest));
}

static int params_index(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        return script_raise(L, 1, ERROR_SCRIPT, "write params.name");
    const char *name = lua_tostring(L, 2);
    push_table(L, &VALUES);
    if (!lua_istable(L, -1))
        return script_raise(L, 1, ERROR_INPUT,
                            "params.%s cannot be read while the plan is loaded, only in a function "
                            "of a step: the parts of a plan are the same for every run",
                            name);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL)
        return 1;
    push_table(L, &NAMES);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) == LUA_TNIL)
        return no_such(L, name);
    lua_pushnil(L);
    return 1;
}

static int params_refuse(lua_State *L)
{
    return script_raise(L, 1, ERROR_SCRIPT,
                        "params is read only: the values are what was approved");
}

int bind_param_push(lua_State *L)
{
    luaL_checkstack(L, 4, NULL);
    lua_newuserdatauv(L, 1, 0);
    lua_createtable(L, 0, 4);
    lua_pushcfunction(L, params_index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, params_refuse);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "params");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    return 1;
}

typedef struct Fill {
    json_t *declared;
    json_t *values;
} Fill;

static int fill(lua_State *L)
{
    const Fill *fill = lua_touserdata(L, 1);
    const char *name;
    json_t *value;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_newtable(L);
    json_object_foreach (fill->declared, name, value) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, name);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &NAMES);
    lua_newtable(L);
    json_object_foreach (fill->values, name, value) {
        script_value_push(L, value);
        lua_setfield(L, -2, name);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &VALUES);
    return 0;
}

bool bind_plan_params(BindPlan *plan, json_t *values, Error *err)
{
    Fill fills = {.declared =
                      json_object_get(json_object_get(bind_plan_graph(plan), "keys"), "params"),
                  .values = values};
    return script_state_call(bind_plan_state(plan), BOUND_SCRIPT_SLICE_MS, fill, &fills, err);
}
