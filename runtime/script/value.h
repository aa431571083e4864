/* JSON values and Lua values, both ways. 64-bit integers stay integers; [] stays a list. */
#ifndef HEADGATE_SCRIPT_VALUE_H
#define HEADGATE_SCRIPT_VALUE_H

#include "base/json.h"

#include <lua.h>

/// Makes the metatable of lists; once per state. May raise.
void script_value_open(lua_State *L);
/// Pushes value: objects and lists as tables (lists are marked, so that an empty one stays a list),
/// null as the light userdata NULL. value stays the caller's, who must free it even when this
/// raises. May raise.
void script_value_push(lua_State *L, const json_t *value);
/// The JSON of the value at index; NULL and err for functions, cycles, mixed tables and the like.
/// Uses raw access only, never raises. "" in messages is the value itself, else "at .a.b[3]".
NODISCARD json_t *script_value_json(lua_State *L, int index, Error *err);
/// Marks the table at index as a list. May raise.
void script_value_mark_list(lua_State *L, int index);
/// Is the table at index marked as a list? Never raises.
bool script_value_is_list(lua_State *L, int index);
/// Lua text as JSON text; NULL and err when it is not UTF-8.
NODISCARD json_t *script_value_text(lua_State *L, int index, Error *err);

enum { SCRIPT_NUMBER_BYTES = 32 };
/// The shortest decimal text that reads back as number: 0.1, not 0.10000000000000001.
const char *script_number_text(double number, char out[SCRIPT_NUMBER_BYTES]);

#endif
