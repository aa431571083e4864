/* params: what a script sees of the values that the run was given. */
#ifndef HEADGATE_BIND_PARAM_H
#define HEADGATE_BIND_PARAM_H

#include <lua.h>

/// Pushes the value `params` (FORM_VALUE). May raise.
int bind_param_push(lua_State *L);

#endif
