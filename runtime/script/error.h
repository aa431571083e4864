/* Failures that cross the border to Lua: an error object with kind, message, sqlstate, hint and
 * __tostring, which pcall catches, and the way back to an Error. */
#ifndef HEADGATE_SCRIPT_ERROR_H
#define HEADGATE_SCRIPT_ERROR_H

#include "base/error.h"

#include <lua.h>

/// Makes the metatable of error objects; once per state. May raise.
void script_error_open(lua_State *L);
/// Raises an error object that points at the line of the function at level (1 = who called the
/// running C function; 0 = no position). Never returns; the int is for "return script_raise(…)".
/// May raise.
int script_raise(lua_State *L, int level, ErrorKind kind, const char *format, ...)
    PRINTF_LIKE(4, 5);
/// The same from an Error. May raise.
int script_raise_error(lua_State *L, int level, const Error *err);
/// Fills err from the error value on top of L and pops it: an error object gives all its fields, a
/// text is ERROR_SCRIPT. May raise (a hostile __tostring): call it protected.
void script_error_take(lua_State *L, Error *err);

#endif
