/* What scripts/prelude.lua stands on: the words as data, and a few primitives nobody else sees. */
#ifndef HEADGATE_BIND_HOST_H
#define HEADGATE_BIND_HOST_H

#include <lua.h>

/// Makes the metatables of nodes and values and runs the prelude. May raise.
void bind_host_open(lua_State *L);
/// Pushes the list of all nodes made so far, in the order they were made. May raise.
void bind_host_push_nodes(lua_State *L);

#endif
