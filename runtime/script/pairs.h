/* pairs() in a fixed order, because Lua's own differs from process to process. */
#ifndef HEADGATE_SCRIPT_PAIRS_H
#define HEADGATE_SCRIPT_PAIRS_H

#include <lua.h>

/// pairs(t): numbers ascending, then texts by bytes, then the rest; while a plan is loaded.
/// Afterwards, when rows are mapped, it is Lua's own. __pairs is honoured.
int script_pairs(lua_State *L);

#endif
