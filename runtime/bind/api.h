/* Every function scripts see beside Lua's own, as data: registered, documented and typed from these
 * rows. */
#ifndef HEADGATE_BIND_API_H
#define HEADGATE_BIND_API_H

#include "base/base.h"

#include <lua.h>

typedef struct BindParam {
    const char *name; ///< "..." for the rest; NULL ends the list
    const char *type; ///< LuaCATS
    const char *doc;
} BindParam;

/// What a row is.
typedef enum BindForm { FORM_FUNCTION, FORM_METHOD, FORM_VALUE } BindForm;

typedef struct BindFunction {
    const char *name;
    BindForm form;
    lua_CFunction function;  ///< FORM_VALUE: pushes the value
    const BindParam *params; ///< NULL = none
    const char *returns;     ///< LuaCATS: "integer rows it changed"; NULL = nothing
    const char *doc;         ///< one or more sentences
    const char *example;     ///< Lua
    bool waits;              ///< may suspend the task
} BindFunction;

typedef struct BindModule {
    const char *name; ///< "" = the globals
    const char *doc;
    const BindFunction *functions; ///< ends with a NULL name
} BindModule;

/// The modules in the order of the reference; NULL behind the last.
const BindModule *bind_module_at(size_t index);

extern const BindFunction BIND_GLOBAL_FUNCTIONS[]; ///< wait.c, module.c
extern const BindFunction BIND_DB_FUNCTIONS[];     ///< db.c
extern const BindFunction BIND_JSON_FUNCTIONS[];   ///< json.c

#endif
