/* The reference and the types of what scripts may call, from the table of functions (bind/api.h).
 */
#ifndef HEADGATE_BIND_DOCS_H
#define HEADGATE_BIND_DOCS_H

#include "base/text.h"

/// docs/lua-api.md: functions, values, and what of Lua itself a plan may use.
void bind_docs_lua(Text *out);
/// scripts/meta/headgate.d.lua: LuaCATS for the language server; the words of the plan language
/// included.
void bind_docs_types(Text *out);

#endif
