/* Lua coroutines inside fibers: the only place that resumes and yields. A function of bind/ that
 * waits leaves what to do (C only) and yields; the fiber does it outside of Lua, where it may wait,
 * then resumes; the result becomes Lua values inside the resume, where running out of memory is an
 * ordinary error. */
#ifndef HEADGATE_SCRIPT_TASK_H
#define HEADGATE_SCRIPT_TASK_H

#include "base/arena.h"
#include "script/state.h"

/// One way of waiting. All get the context that script_wait_begin() gave.
typedef struct ScriptWait {
    /// On the fiber, outside of Lua; may wait. false + err: raised in the script at the caller's
    /// line, but ERROR_CANCELLED and ERROR_FENCED end the task and no pcall sees them.
    bool (*perform)(void *ctx, Error *err);
    /// Inside Lua: pushes the results and returns how many; NULL = none. May raise.
    int (*push)(lua_State *L, void *ctx);
    /// Frees what perform made; always called once, before the next wait or at the task's end. NULL
    /// = nothing.
    void (*release)(void *ctx);
} ScriptWait;

/// Begins a wait and returns its zeroed context of bytes. Texts of the calling function's arguments
/// stay alive until perform has returned. Raises where nothing may wait (callbacks of sort and
/// gsub). May raise.
void *script_wait_begin(lua_State *L, const ScriptWait *wait, size_t bytes);
/// Memory that lives as long as the wait begun last.
Arena *script_wait_arena(lua_State *L);
/// Suspends the script: `return script_wait(L);`.
int script_wait(lua_State *L);

/// One call into Lua.
typedef struct ScriptCall {
    /// Pushes the function and its arguments and returns the number of arguments. May raise.
    int (*push)(lua_State *L, void *ctx);
    /// Reads the results, at first .. first + count - 1; NULL = they are dropped. May raise.
    void (*take)(lua_State *L, int first, int count, void *ctx);
    void *ctx;
    int slice_ms; ///< longest Lua between two waits; 0 = BOUND_SCRIPT_SLICE_MS
} ScriptCall;

/// owner: what bindings find by script_task_owner(); may be NULL. May be run many times, one at a
/// time.
NODISCARD bool script_task_new(ScriptState *state, void *owner, ScriptTask **ret_task, Error *err);
/// Waits (when the script does). Errors are what the script raised: error objects with their own
/// kind and sqlstate, everything else ERROR_SCRIPT.
NODISCARD bool script_task_run(ScriptTask *task, const ScriptCall *call, Error *err);
void script_task_free(ScriptTask *task);
/// Of the task that runs in L; NULL in none.
void *script_task_owner(lua_State *L);
/// Restarts the slice, for C loops that call many functions in one run (one row after the other).
void script_task_renew(lua_State *L);

#endif
