/* Loading a plan and calling its functions. The state lives as long as the plan; the bundle
 * outlives it. */
#include "bind/plan.h"

#include "base/bounds.h"
#include "bind/host.h"
#include "bind/state.h"
#include "plan/word.h"
#include "script/error.h"
#include "script/sandbox.h"
#include "script/value.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static const char PLAN_FILE[] = "plan.lua";
static const char PLAN = 0;      /* its address is the registry key of the BindPlan */
static const char FUNCTIONS = 0; /* … of the table of functions by path and key */

typedef struct Source {
    const char *path;
    const BindSource *tokens; /* NULL: too large */
} Source;

struct BindPlan {
    const Bundle *bundle;
    ScriptState *state;
    json_t *graph;
    Arena *scratch; /* while loading */
    Source *sources;
    size_t sources_count;
    lua_CFunction extend;
};

BindPlan *bind_plan_of(lua_State *L)
{
    luaL_checkstack(L, 1, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &PLAN);
    BindPlan *plan = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return plan;
}

ScriptState *bind_plan_state(BindPlan *plan)
{
    return plan->state;
}

const Bundle *bind_plan_bundle(const BindPlan *plan)
{
    return plan->bundle;
}

Arena *bind_plan_scratch(BindPlan *plan)
{
    return plan->scratch;
}

static const BindSource *read_source(BindPlan *plan, const char *path)
{
    const BundleFile *file = bundle_find(plan->bundle, path);
    return file == NULL ? NULL : bind_source_new(plan->scratch, file->bytes, file->size_bytes);
}

const BindSource *bind_plan_source(BindPlan *plan, const char *path)
{
    for (size_t i = 0; i < plan->sources_count; i++) {
        if (strcmp(plan->sources[i].path, path) == 0)
            return plan->sources[i].tokens;
    }
    if (plan->sources == NULL)
        plan->sources = arena_alloc(plan->scratch, BOUND_BUNDLE_FILES * sizeof(Source));
    const BindSource *tokens = read_source(plan, path);
    if (plan->sources_count < BOUND_BUNDLE_FILES)
        plan->sources[plan->sources_count++] = (Source){arena_strdup(plan->scratch, path), tokens};
    return tokens;
}

/* ---- functions ---- */

/* Pushes the key of a function: its path and key with a byte between that no path has. */
static void push_function_key(lua_State *L, const char *path, const char *key)
{
    lua_pushfstring(L, "%s\n%s", path, key);
}

static void push_functions(lua_State *L)
{
    luaL_checkstack(L, 4, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &FUNCTIONS);
}

void bind_plan_record(lua_State *L, const char *path, const char *key)
{
    push_functions(L);
    push_function_key(L, path, key);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

void bind_plan_push(lua_State *L, const char *path, const char *key)
{
    push_functions(L);
    push_function_key(L, path, key);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (!lua_isfunction(L, -1))
        script_raise(L, 0, ERROR_INPUT, "%s: the plan has no function \"%s\" there", path, key);
}

/* ---- loading ---- */

static int set_up(lua_State *L)
{
    BindPlan *plan = lua_touserdata(L, 1);
    lua_pushlightuserdata(L, plan);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &PLAN);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &FUNCTIONS);
    bind_open(L);
    if (plan->extend != NULL) {
        lua_pushcfunction(L, plan->extend);
        lua_call(L, 0, 0);
    }
    return 0;
}

static int push_plan_file(lua_State *L, void *ctx)
{
    BindPlan *plan = ctx;
    const BundleFile *file = bundle_find(plan->bundle, PLAN_FILE);
    if (file == NULL)
        script_raise(L, 0, ERROR_INPUT, "the plan's folder has no file %s", PLAN_FILE);
    else
        script_load(L, PLAN_FILE, file->bytes, file->size_bytes);
    return 0;
}

static void take_graph(lua_State *L, int first, int count, void *ctx)
{
    UNUSED(first);
    UNUSED(count);
    BindPlan *plan = ctx;
    bind_graph_build(L, plan->graph);
}

static bool run_plan_file(BindPlan *plan, int load_ms, Error *err)
{
    ScriptTask *task = NULL;
    if (!script_task_new(plan->state, NULL, &task, err))
        return false;
    ScriptCall call = {
        .push = push_plan_file, .take = take_graph, .ctx = plan, .slice_ms = load_ms};
    bool ok = script_task_run(task, &call, err);
    script_task_free(task);
    return ok;
}

static bool load(BindPlan *plan, BindLimits limits, Error *err)
{
    int load_ms = limits.load_ms > 0 ? limits.load_ms : BOUND_SCRIPT_LOAD_MS;
    if (!script_state_new(limits.max_bytes, &plan->state, err) ||
        !script_state_call(plan->state, load_ms, set_up, plan, err))
        return error_wrap(err, "preparing the plan language");
    if (!run_plan_file(plan, load_ms, err))
        return false;
    script_state_loaded(plan->state);
    return true;
}

bool bind_plan_load_with(const Bundle *bundle, BindLimits limits, lua_CFunction extend,
                         BindPlan **ret_plan, Error *err)
{
    BindPlan *plan = base_alloc(sizeof(*plan));
    plan->bundle = bundle;
    plan->extend = extend;
    plan->graph = json_object();
    plan->scratch = arena_new();
    bool ok = load(plan, limits, err);
    arena_free(plan->scratch);
    plan->scratch = NULL;
    plan->sources = NULL;
    plan->sources_count = 0;
    if (!ok) {
        bind_plan_free(plan);
        return false;
    }
    *ret_plan = plan;
    return true;
}

bool bind_plan_load(Loop *loop, const Bundle *bundle, BindPlan **ret_plan, Error *err)
{
    UNUSED(loop); /* a plan has nothing to wait for while it is loaded */
    return bind_plan_load_with(bundle, (BindLimits){0}, NULL, ret_plan, err);
}

json_t *bind_plan_graph(const BindPlan *plan)
{
    return plan->graph;
}

void bind_plan_free(BindPlan *plan)
{
    if (plan == NULL)
        return;
    script_state_free(plan->state);
    json_decref(plan->graph);
    free(plan);
}

/* ---- calling ---- */

const BindTask *bind_task_check(lua_State *L, const char *what)
{
    const BindTask *task = script_task_owner(L);
    if (task == NULL)
        script_raise(L, 1, ERROR_INPUT,
                     "%s cannot be used while the plan is loaded, only in a function "
                     "of a step",
                     what);
    return task;
}

typedef struct PlanCall {
    const char *path;
    const char *key;
    bool wants_result;
    json_t *result;
} PlanCall;

static int push_call(lua_State *L, void *ctx)
{
    const PlanCall *call = ctx;
    bind_plan_push(L, call->path, call->key);
    bind_db_push(L);
    return 1;
}

static void take_result(lua_State *L, int first, int count, void *ctx)
{
    PlanCall *call = ctx;
    if (!call->wants_result || count == 0 || lua_isnil(L, first))
        return;
    Error err;
    call->result = script_value_json(L, first, &err);
    if (call->result == NULL)
        script_raise(L, 0, ERROR_SCRIPT, "\"%s\" returned %s", call->key, err.message);
}

/* pcall caught the error, but the transaction is aborted all the same: COMMIT would roll it back
 * and say nothing. The statement's own error goes on, so that a deadlock is still tried again. */
static bool went_on_aborted(const BindTask *task, Error *err)
{
    const BindCaught *caught = task->caught;
    Error why = caught->error;
    if (why.kind == ERROR_NONE)
        error_set(&why, ERROR_DATABASE, "a statement failed");
    error_set(err, why.kind,
              "%s: %s (caught, but the transaction it failed in is aborted: nothing was kept)",
              caught->where[0] == '\0' ? "db" : caught->where, why.message);
    memcpy(err->sqlstate, why.sqlstate, sizeof(err->sqlstate));
    return error_hint(err, "let the error through, or ask before (ON CONFLICT, IF EXISTS, SELECT)");
}

bool bind_plan_call(BindPlan *plan, const char *path, const char *key, const BindTask *task,
                    json_t **ret_result, Error *err)
{
    BindCaught caught = {0};
    BindTask owner = *task;
    owner.caught = &caught;
    ScriptTask *running = NULL;
    if (!script_task_new(plan->state, &owner, &running, err))
        return false;
    PlanCall call = {.path = path, .key = key, .wants_result = ret_result != NULL};
    bool ok = script_task_run(
        running, &(ScriptCall){.push = push_call, .take = take_result, .ctx = &call}, err);
    script_task_free(running);
    if (ok && task->transactional && db_in_aborted(task->conn)) {
        json_decref(call.result);
        ok = went_on_aborted(&owner, err);
    }
    if (!ok)
        return false;
    if (ret_result != NULL)
        *ret_result = call.result == NULL ? json_null() : call.result;
    return true;
}

const char *bind_suggested(lua_State *L, const Suggest *suggest)
{
    return suggest->best == NULL ? lua_pushliteral(L, "")
                                 : lua_pushfstring(L, " (did you mean %s?)", suggest->best);
}
