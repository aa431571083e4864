/* A Lua state in the sandbox: bounded memory, a deadline for everything that runs in it. It knows
 * no domain. A script that a hook cannot stop (string patterns) is stopped by the parent, which
 * kills the process (loop/child.h). */
#ifndef HEADGATE_SCRIPT_STATE_H
#define HEADGATE_SCRIPT_STATE_H

#include "base/error.h"

#include <lua.h>

typedef struct ScriptState ScriptState;
typedef struct ScriptTask ScriptTask;

/// max_bytes: of its heap; 0 = BOUND_SCRIPT_BYTES. Ends with script_state_free(). Only loading
/// scripts see pairs() in a fixed order; a new state is loading.
NODISCARD bool script_state_new(size_t max_bytes, ScriptState **ret_state, Error *err);
/// No task of it may be alive. NULL is fine.
void script_state_free(ScriptState *state);
/// The main thread: for set-up by script_state_call() only, never for scripts' code.
lua_State *script_state_lua(ScriptState *state);
size_t script_state_bytes(const ScriptState *state); ///< heap in use
void script_state_loaded(ScriptState *state);        ///< ends loading
bool script_state_loading(lua_State *L);

/// Runs body(L) with ctx as its only argument (a light userdata) in protected mode on the main
/// thread, bounded by limit_ms. For C code that uses raising functions; scripts run in tasks.
NODISCARD bool script_state_call(ScriptState *state, int limit_ms, lua_CFunction body, void *ctx,
                                 Error *err);

/* For script/task.c. */

/// What the extra space of a Lua thread points to.
typedef struct ScriptThread {
    ScriptState *state;
    ScriptTask *task; ///< NULL in the main thread
} ScriptThread;

ScriptThread *script_thread(lua_State *L);
/// Starts the clock for thread L: past limit_ms every instruction raises, so that pcall cannot go
/// on. Tells the parent that the next beat may be that late.
void script_state_arm(ScriptState *state, lua_State *L, int limit_ms);
void script_state_disarm(ScriptState *state);
bool script_state_expired(const ScriptState *state); ///< since the last arm
/// Takes the error value from the top of L (status: what Lua returned) into err. Never raises.
void script_state_error(ScriptState *state, lua_State *L, int status, Error *err);

#endif
