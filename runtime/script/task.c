/* The loop is in script_task_run(): resume, wait, resume, …, end. */
#include "script/task.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "loop/fiber.h"
#include "script/error.h"

#include <lauxlib.h>
#include <stdlib.h>

enum { TURN_US = 50000, RENEW_US = 50000 };

struct ScriptTask {
    ScriptThread thread; /* first member of what the coroutine's extra space points to */
    lua_State *coroutine;
    void *owner;
    const ScriptCall *call;
    const ScriptWait *wait; /* begun and not yet released */
    void *wait_ctx;
    Arena *arena;   /* of the wait */
    bool suspended; /* script_wait() was reached */
    bool failed;    /* perform said no; error says why */
    Error error;
    int64_t turned_us; /* when the loop last turned for us */
    int64_t renewed_us;
};

typedef struct Anchor {
    ScriptTask *task;
} Anchor;

/* The registry keeps the coroutine alive under the task's address. */
static int make_coroutine(lua_State *L)
{
    ScriptTask *task = ((Anchor *)lua_touserdata(L, 1))->task;
    task->coroutine = lua_newthread(L);
    *(ScriptThread **)lua_getextraspace(task->coroutine) = &task->thread;
    lua_rawsetp(L, LUA_REGISTRYINDEX, task);
    return 0;
}

static int drop_coroutine(lua_State *L)
{
    ScriptTask *task = ((Anchor *)lua_touserdata(L, 1))->task;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, task);
    return 0;
}

static bool renew_coroutine(ScriptTask *task, Error *err)
{
    return script_state_call(task->thread.state, BOUND_SCRIPT_SLICE_MS, make_coroutine,
                             &(Anchor){task}, err);
}

bool script_task_new(ScriptState *state, void *owner, ScriptTask **ret_task, Error *err)
{
    ScriptTask *task = base_alloc(sizeof(*task));
    task->thread = (ScriptThread){.state = state, .task = task};
    task->owner = owner;
    task->arena = arena_new();
    if (!renew_coroutine(task, err)) {
        script_task_free(task);
        return false;
    }
    *ret_task = task;
    return true;
}

static void release_wait(ScriptTask *task)
{
    if (task->wait != NULL && task->wait->release != NULL)
        task->wait->release(task->wait_ctx);
    task->wait = NULL;
    task->wait_ctx = NULL;
    arena_clear(task->arena);
}

void script_task_free(ScriptTask *task)
{
    if (task == NULL)
        return;
    release_wait(task);
    Error ignored; /* a registry slot set to nil needs no memory */
    bool dropped = script_state_call(task->thread.state, BOUND_SCRIPT_SLICE_MS, drop_coroutine,
                                     &(Anchor){task}, &ignored);
    invariant(dropped);
    arena_free(task->arena);
    free(task);
}

static ScriptTask *task_of(lua_State *L)
{
    return script_thread(L)->task;
}

void *script_task_owner(lua_State *L)
{
    ScriptTask *task = task_of(L);
    return task == NULL ? NULL : task->owner;
}

void *script_wait_begin(lua_State *L, const ScriptWait *wait, size_t bytes)
{
    ScriptTask *task = task_of(L);
    if (task == NULL || !lua_isyieldable(L))
        script_raise(
            L, 1, ERROR_SCRIPT,
            "cannot wait here (inside a callback of sort or gsub, a metamethod of C code or "
            "a module that is being loaded)");
    release_wait(task);
    task->wait = wait;
    task->wait_ctx = arena_alloc(task->arena, bytes);
    return task->wait_ctx;
}

Arena *script_wait_arena(lua_State *L)
{
    return task_of(L)->arena;
}

/* Goes on in the binding's place, inside lua_resume. */
static int after_wait(lua_State *L, int status, lua_KContext context)
{
    UNUSED(status);
    ScriptTask *task = (ScriptTask *)context;
    if (task->failed)
        return script_raise_error(L, 1, &task->error);
    return task->wait->push == NULL ? 0 : task->wait->push(L, task->wait_ctx);
}

int script_wait(lua_State *L)
{
    ScriptTask *task = task_of(L);
    task->suspended = true;
    return lua_yieldk(L, 0, (lua_KContext)task, after_wait);
}

static int returned(lua_State *L, int status, lua_KContext context)
{
    UNUSED(status);
    const ScriptCall *call = ((ScriptTask *)context)->call;
    int count = lua_gettop(L) - 1;
    if (call->take != NULL)
        call->take(L, 2, count, call->ctx);
    return 0;
}

/* First function of the coroutine: its only argument keeps index 1 occupied. */
static int enter(lua_State *L)
{
    ScriptTask *task = task_of(L);
    int arguments = task->call->push(L, task->call->ctx);
    lua_callk(L, arguments, LUA_MULTRET, (lua_KContext)task, returned);
    return returned(L, LUA_OK, (lua_KContext)task);
}

static int slice_of(const ScriptCall *call)
{
    return call->slice_ms > 0 ? call->slice_ms : BOUND_SCRIPT_SLICE_MS;
}

void script_task_renew(lua_State *L)
{
    ScriptTask *task = task_of(L);
    int64_t now = clock_monotonic_us();
    if (task == NULL || script_state_expired(task->thread.state) ||
        now - task->renewed_us < RENEW_US)
        return; /* a slice is a tenth longer at most, and the parent is not told for each row */
    task->renewed_us = now;
    script_state_arm(task->thread.state, L, slice_of(task->call));
}

/* Does what the script waits for. The loop turns at least every TURN_US, and after each failure,
 * however fast the script comes back for more. false: the task is over (task->error). */
static bool perform(ScriptTask *task)
{
    task->suspended = false;
    if (fiber_cancelled()) /* what a script waits for may never ask: log("…") in a loop */
        return error_set(&task->error, ERROR_CANCELLED, "cancelled");
    task->failed = !task->wait->perform(task->wait_ctx, &task->error);
    int64_t now = clock_monotonic_us();
    if (task->failed || now - task->turned_us > TURN_US) {
        fiber_yield();
        task->turned_us = clock_monotonic_us();
    }
    return !task->failed ||
           (task->error.kind != ERROR_CANCELLED && task->error.kind != ERROR_FENCED);
}

/* After a failure: runs the script's <close> variables, bounded by one more slice. After the
 * deadline they are left out: Lua has switched the hook off in that coroutine, so nothing could
 * stop them. */
static bool close_coroutine(ScriptTask *task, bool expired, Error *err)
{
    if (expired)
        return renew_coroutine(task, err);
    script_state_arm(task->thread.state, task->coroutine, slice_of(task->call));
    lua_resetthread(task->coroutine);
    bool hung = script_state_expired(task->thread.state);
    script_state_disarm(task->thread.state);
    lua_settop(task->coroutine, 0);
    return hung ? renew_coroutine(task, err) : true;
}

static bool fail(ScriptTask *task, int status, Error *err)
{
    ScriptState *state = task->thread.state;
    Error found = task->error;
    if (status != LUA_YIELD)
        script_state_error(state, task->coroutine, status, &found);
    bool expired = script_state_expired(state);
    script_state_disarm(state);
    Error closing = {.kind = ERROR_NONE};
    if (!close_coroutine(task, expired, &closing) && found.kind == ERROR_NONE)
        found = closing;
    release_wait(task);
    if (err != NULL)
        *err = found;
    return false;
}

bool script_task_run(ScriptTask *task, const ScriptCall *call, Error *err)
{
    ScriptState *state = task->thread.state;
    lua_State *L = task->coroutine;
    invariant(lua_gettop(L) == 0 && lua_status(L) == LUA_OK);
    task->call = call;
    task->turned_us = task->renewed_us = clock_monotonic_us();
    lua_pushcfunction(L, enter);
    lua_pushlightuserdata(L, NULL);
    int arguments = 1;
    for (;;) {
        int results = 0;
        script_state_arm(state, L, slice_of(call));
        int status = lua_resume(L, NULL, arguments, &results);
        if (status == LUA_OK)
            break;
        if (status != LUA_YIELD)
            return fail(task, status, err);
        script_state_disarm(state);
        invariant(task->suspended);
        if (!perform(task))
            return fail(task, status, err);
        arguments = 0;
    }
    script_state_disarm(state);
    release_wait(task);
    lua_settop(L, 0);
    return true;
}
