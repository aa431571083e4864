/* What a script may use of Lua itself: tables of allowed names, a few of them replaced, everything
 * else withheld. The names of the platform are added by bind/. */
#ifndef HEADGATE_SCRIPT_SANDBOX_H
#define HEADGATE_SCRIPT_SANDBOX_H

#include "base/base.h"

#include <lua.h>

/// Opens the allowed part of the standard libraries and makes the global environment: reading an
/// unknown name and setting any global are errors. May raise.
void script_sandbox_open(lua_State *L);
/// Pops a value and gives it to scripts as the global name. May raise.
void script_define(lua_State *L, const char *name);
/// Calls each(ctx, name) for every name a script sees. May raise.
void script_each_name(lua_State *L, void (*each)(void *ctx, const char *name), void *ctx);
/// Loads text (never compiled code) as the chunk path and pushes it as a function; raises
/// ERROR_INPUT with "path:line: …" when it does not parse. May raise.
void script_load(lua_State *L, const char *path, const char *text, size_t bytes);
/// luaL_tolstring without addresses: pushes the text of the value at index and returns it. May
/// raise.
const char *script_tolstring(lua_State *L, int index, size_t *ret_bytes);

/// For the reference: the allowed names of a library ("" = the globals), NULL behind the last.
const char *const *script_sandbox_names(const char *library);

#endif
