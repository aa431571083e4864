/* Allocator with a limit, what happens past a deadline, protected calls. */
#include "script/state.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "loop/child.h"
#include "script/deadline.h"
#include "script/error.h"
#include "script/sandbox.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

enum { SET_UP_MS = 1000 };

struct ScriptState {
    lua_State *lua;
    ScriptThread thread; /* of lua */
    size_t used_bytes;
    size_t max_bytes;
    int64_t deadline_us;
    int limit_ms; /* what the deadline was made from, for the message */
    bool expired;
    bool loading;
};

static void *limited_alloc(void *ctx, void *block, size_t old_bytes, size_t bytes)
{
    ScriptState *state = ctx;
    if (block == NULL)
        old_bytes = 0; /* Lua passes the kind of object there */
    if (bytes == 0) {
        free(block);
        state->used_bytes -= old_bytes;
        return NULL;
    }
    if (bytes > old_bytes && bytes - old_bytes > state->max_bytes - state->used_bytes)
        return NULL;
    /* The limit is the script's own affair; a machine without memory ends the process like every
     * other allocation: an error that a map function is blamed for would leave its row undone. */
    void *grown = base_realloc(block, bytes);
    state->used_bytes = state->used_bytes - old_bytes + bytes;
    return grown;
}

/* Everything enters Lua protected, so this is a mistake of ours. */
static int on_panic(lua_State *L)
{
    UNUSED(L);
    invariant_failed(__FILE__, __LINE__, "every entry into Lua is protected");
}

/* Set once the time is over, for every instruction: a pcall that caught the error meets it again at
 * once, until nothing is left to return to. */
static void on_over(lua_State *L, lua_Debug *activation)
{
    UNUSED(activation);
    ScriptState *state = script_thread(L)->state;
    if (!state->expired && clock_monotonic_us() < state->deadline_us) {
        lua_sethook(L, NULL, 0, 0); /* the call it was meant for has ended */
        return;
    }
    state->expired = true;
    bool whole_seconds = state->limit_ms % 1000 == 0;
    luaL_where(L, 0);
    lua_pushfstring(L, "%sran longer than %d %s", lua_tostring(L, -1),
                    whole_seconds ? state->limit_ms / 1000 : state->limit_ms,
                    whole_seconds ? "s" : "ms");
    lua_error(L);
}

ScriptThread *script_thread(lua_State *L)
{
    return *(ScriptThread **)lua_getextraspace(L);
}

void script_state_arm(ScriptState *state, lua_State *L, int limit_ms)
{
    state->expired = false;
    state->limit_ms = limit_ms;
    state->deadline_us = clock_monotonic_us() + (int64_t)limit_ms * 1000;
    script_deadline_set(L, state->lua, state->deadline_us, on_over);
    child_beat_allow(limit_ms);
}

void script_state_disarm(ScriptState *state)
{
    script_deadline_clear();
    state->deadline_us = INT64_MAX;
}

bool script_state_expired(const ScriptState *state)
{
    return state->expired;
}

static int open_all(lua_State *L)
{
    script_error_open(L);
    script_sandbox_open(L);
    return 0;
}

bool script_state_new(size_t max_bytes, ScriptState **ret_state, Error *err)
{
    ScriptState *state = base_alloc(sizeof(*state));
    state->max_bytes = max_bytes == 0 ? BOUND_SCRIPT_BYTES : max_bytes;
    state->deadline_us = INT64_MAX;
    state->loading = true;
    state->lua = lua_newstate(limited_alloc, state);
    if (state->lua == NULL) {
        free(state);
        return error_set(err, ERROR_SCRIPT, "no memory for a Lua state");
    }
    state->thread.state = state;
    *(ScriptThread **)lua_getextraspace(state->lua) = &state->thread;
    lua_atpanic(state->lua, on_panic);
    lua_gc(state->lua, LUA_GCGEN, 0, 0); /* a row's values die with the row: a tenth less time */
    if (!script_state_call(state, SET_UP_MS, open_all, NULL, err)) {
        script_state_free(state);
        return error_wrap(err, "preparing Lua");
    }
    *ret_state = state;
    return true;
}

void script_state_free(ScriptState *state)
{
    if (state == NULL)
        return;
    lua_close(state->lua);
    invariant(state->used_bytes == 0);
    free(state);
}

lua_State *script_state_lua(ScriptState *state)
{
    return state->lua;
}

size_t script_state_bytes(const ScriptState *state)
{
    return state->used_bytes;
}

void script_state_loaded(ScriptState *state)
{
    state->loading = false;
}

bool script_state_loading(lua_State *L)
{
    return script_thread(L)->state->loading;
}

/* body(value, light err): the value's text may be a script's own __tostring, so this runs
 * protected. */
static int take_error(lua_State *L)
{
    Error *err = lua_touserdata(L, 2);
    lua_settop(L, 1);
    script_error_take(L, err);
    return 0;
}

/* "plan.lua:7: " of the innermost Lua function of L, or "". */
static void position_of(lua_State *L, char *out, size_t size)
{
    lua_Debug activation;
    out[0] = '\0';
    for (int level = 0; lua_getstack(L, level, &activation); level++) {
        lua_getinfo(L, "Sl", &activation);
        if (activation.currentline > 0) {
            snprintf(out, size, "%s:%d: ", activation.short_src, activation.currentline);
            return;
        }
    }
}

void script_state_error(ScriptState *state, lua_State *L, int status, Error *err)
{
    Error found = {.kind = ERROR_NONE};
    if (status == LUA_ERRMEM) {
        char position[LUA_IDSIZE + 16];
        position_of(L, position, sizeof(position));
        lua_pop(L, 1);
        error_set(err, ERROR_SCRIPT, "%sout of memory: a script may use %zu MiB", position,
                  state->max_bytes >> 20);
        return;
    }
    lua_State *main = state->lua;
    bool has_room = lua_checkstack(main, 4) != 0; /* never raises */
    invariant(has_room);
    if (L != main)
        lua_xmove(L, main, 1);
    lua_pushcfunction(main, take_error);
    lua_insert(main, -2);
    lua_pushlightuserdata(main, &found);
    if (lua_pcall(main, 2, 0, 0) != LUA_OK) {
        lua_pop(main, 1);
        error_set(&found, ERROR_SCRIPT, "a script raised a value that has no text");
    }
    if (err != NULL)
        *err = found;
}

bool script_state_call(ScriptState *state, int limit_ms, lua_CFunction body, void *ctx, Error *err)
{
    lua_State *L = state->lua;
    script_state_arm(state, L, limit_ms);
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, ctx);
    int status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK)
        script_state_error(state, L, status, err);
    script_state_disarm(state);
    return status == LUA_OK;
}
