/* The global names beside the words of the plan language: answer, log, params, require, sleep. */
#include "base/bounds.h"
#include "base/clock.h"
#include "bind/answer.h"
#include "bind/api.h"
#include "bind/module.h"
#include "bind/param.h"
#include "bind/state.h"
#include "loop/fiber.h"
#include "script/error.h"
#include "script/sandbox.h"

#include <lauxlib.h>
#include <string.h>

/* ---- sleep ---- */

typedef struct Sleep {
    int64_t ms;
} Sleep;

static bool perform_sleep(void *ctx, Error *err)
{
    const Sleep *sleep = ctx;
    return fiber_sleep(sleep->ms, err);
}

static const ScriptWait SLEEP = {.perform = perform_sleep};

static int wait_sleep(lua_State *L)
{
    const BindTask *task = bind_task_check(L, "sleep");
    int64_t us = 0;
    Error err;
    if (lua_type(L, 1) != LUA_TSTRING)
        return script_raise(L, 1, ERROR_SCRIPT, "sleep needs a duration like \"5s\"");
    if (!duration_parse(lua_tostring(L, 1), &us, &err))
        return script_raise(L, 1, ERROR_SCRIPT, "sleep: %s", err.message);
    if (task->transactional)
        return script_raise(
            L, 1, ERROR_SCRIPT,
            "a transactional task may only wait for db: sleeping would keep its locks "
            "(transaction = false allows it)");
    Sleep *sleep = script_wait_begin(L, &SLEEP, sizeof(*sleep));
    sleep->ms = us / 1000;
    return script_wait(L);
}

/* ---- log ---- */

typedef struct Log {
    const BindTask *task;
    char line[BOUND_LOG_LINE_BYTES + 1];
} Log;

/* Outside of Lua, because whoever writes the line may wait. */
static bool perform_log(void *ctx, Error *err)
{
    UNUSED(err);
    const Log *log = ctx;
    if (log->task->log != NULL)
        log->task->log(log->task->ctx, log->line);
    return true;
}

static const ScriptWait LOG = {.perform = perform_log};

/* Copies text as one line of valid UTF-8, cut where it is too long. */
static void copy_line(char *out, size_t size, const char *text, size_t bytes)
{
    size_t length = bytes < size - 1 ? bytes : size - 1;
    while (length < bytes && length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--; /* not in the middle of a character */
    for (size_t i = 0; i < length; i++)
        out[i] = (unsigned char)text[i] < 0x20 ? ' ' : text[i];
    out[length] = '\0';
}

static int wait_log(lua_State *L)
{
    const BindTask *task = bind_task_check(L, "log");
    luaL_checkany(L, 1);
    int count = lua_gettop(L);
    lua_pushliteral(L, "");
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            lua_pushliteral(L, " ");
        script_tolstring(L, i, NULL);
        lua_concat(L, i > 1 ? 3 : 2);
    }
    size_t bytes = 0;
    const char *text = lua_tolstring(L, -1, &bytes);
    Log *log = script_wait_begin(L, &LOG, sizeof(*log));
    log->task = task;
    copy_line(log->line, sizeof(log->line), text, bytes);
    return script_wait(L);
}

const BindFunction BIND_GLOBAL_FUNCTIONS[] = {
    {.name = "answer",
     .function = bind_answer,
     .params = (const BindParam[]){{"gate", "string", "the gate's name, or its path"},
                                   {"field", "string", "one of its fields"},
                                   {0}},
     .returns = "string|number|boolean|nil value nil: the field is optional and nobody answered it",
     .doc = "What people answered to a field of a gate (`fields = { … }`) that stands before the "
            "step, in the field's type. Read from their signed approvals. Only for functions of "
            "steps (run, undo, map); `headgate check` looks at gate and field where they are "
            "written out.",
     .example = "db:exec(\"UPDATE limits SET percent = $1\", answer(\"open-up\", \"percent\"))"},
    {.name = "log",
     .function = wait_log,
     .params =
         (const BindParam[]){{"...", "any", "joined by blanks; one line, at most 2,000 bytes"},
                             {0}},
     .doc = "Writes a line into the run's log, which the dashboard and `headgate log` show.",
     .example = "log(\"owners assigned:\", count)",
     .waits = true},
    {.name = "params",
     .form = FORM_VALUE,
     .function = bind_param_push,
     .returns = "table<string, string|number|boolean>",
     .doc =
         "The values of the plan's parameters (`params = { … }` of the plan), by name, read only; "
         "an optional one without a value is nil. Only for functions of steps (run, undo, map): "
         "the parts of a plan are the same for every run, and approvals bind both.",
     .example = "db:exec(\"UPDATE files SET owner_id = $1 WHERE owner_id IS NULL\", params.owner)"},
    {.name = "require",
     .function = bind_require,
     .params = (const BindParam[]){{"name", "string",
                                    "\"normalize\" for normalize.lua, \"lib.normalize\" "
                                    "for lib/normalize.lua in the plan's folder"},
                                   {0}},
     .returns = "any module what the file returns",
     .doc = "Runs a Lua file of the plan's own folder once and gives what it returned. There is "
            "nothing else "
            "to require: no search path, no installed modules.",
     .example = "local normalize = require \"normalize\""},
    {.name = "sleep",
     .function = wait_sleep,
     .params = (const BindParam[]){{"duration", "string", "\"500ms\", \"5s\", \"2m\""}, {0}},
     .doc = "Waits. Only in a task with transaction = false: a transaction that sleeps keeps its "
            "locks.",
     .example = "sleep \"5s\"",
     .waits = true},
    {0},
};
