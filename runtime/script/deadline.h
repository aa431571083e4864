/* The end of a script's time: a timer's signal hooks the Lua state that runs, as the interpreter's
 * own Ctrl-C does, so that instructions cost nothing until then. One a process, for the thread that
 * runs Lua. */
#ifndef HEADGATE_SCRIPT_DEADLINE_H
#define HEADGATE_SCRIPT_DEADLINE_H

#include <lua.h>
#include <stdint.h>

/// Once clock_monotonic_us() is at_us, every instruction of running and of main calls hook, again
/// and again until script_deadline_clear(). running: what is about to be entered. A hook that comes
/// for a deadline that is over must take itself away.
void script_deadline_set(lua_State *running, lua_State *main, int64_t at_us, lua_Hook hook);
/// Nothing runs any more. The hooks stay where they were set.
void script_deadline_clear(void);

#endif
