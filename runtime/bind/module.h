/* Files of the plan's own folder: require and file "…". */
#ifndef HEADGATE_BIND_MODULE_H
#define HEADGATE_BIND_MODULE_H

#include <lua.h>

/// require "lib.normalize": runs lib/normalize.lua of the bundle once, or headgate.x of scripts/.
/// Lua function.
int bind_require(lua_State *L);
/// (path, level): pushes the text of a file of the bundle; raises at level of its caller. Lua
/// function.
int bind_file_text(lua_State *L);

#endif
