/* Two walks over the table of modules; the words' part comes from plan/docs.h. */
#include "bind/docs.h"

#include "base/bounds.h"
#include "bind/api.h"
#include "plan/docs.h"
#include "script/sandbox.h"

#include <ctype.h>
#include <string.h>

static const char LUA_INTRODUCTION[] =
    "# What a plan's Lua may call\n\n"
    "Generated from the tables of runtime/bind and runtime/script/sandbox.c; do not edit.\n\n"
    "The words of the plan language are in [plan-reference.md](plan-reference.md). This page lists "
    "the "
    "functions for the\nLua inside a plan: `run` and `undo` of a task, `map` of a backfill.\n\n"
    "Functions marked *waits* suspend the script until the answer is there; the code reads "
    "straight on. They "
    "cannot be\nused where Lua itself cannot wait: in the callbacks of `table.sort` and "
    "`string.gsub`. While "
    "a plan is loaded nothing\nmay wait.\n\n"
    "A failure is raised as an error object with the fields `kind` (`input`, `database`, "
    "`unreachable`, "
    "`script`,\n`refused`, …), `message`, and for errors of the server `sqlstate`; `pcall` catches "
    "it and "
    "`tostring` gives its text with\nfile and line. A run that was cancelled or replaced ends its "
    "scripts at "
    "once: no `pcall` sees that.\n";

static const char LUA_LIMITS_END[] = "\nA script over its limit fails with an ordinary error "
                                     "(\"plan.lua:7: ran longer than 1 s\"); a `pcall` "
                                     "does not hold it. A\nsearch for a hostile string pattern "
                                     "cannot be interrupted from inside: then the "
                                     "parent process ends the whole child.\n";

static const char LUA_LIBRARIES[] = "\n## What of Lua there is\n\n"
                                    "Lua 5.4, and of its libraries only what cannot reach outside "
                                    "and gives the same result each time:\n\n";

static const char LUA_DIFFERENCES[] = "\nDifferences: globals cannot be set, and an unknown name "
                                      "is an error; `pairs` goes in a fixed order while "
                                      "a plan is\nloaded (numbers, then texts); `tostring` shows "
                                      "no addresses; `setmetatable` refuses `__gc`; "
                                      "only text is loaded, never\ncompiled Lua.\n";

/* "integer rows it changed" → its type, name and the rest. */
typedef struct Returns {
    const char *type;
    int type_bytes;
    const char *name;
    int name_bytes;
    const char *doc;
} Returns;

static Returns returns_of(const char *text)
{
    Returns returns = {.type = text};
    returns.type_bytes = (int)strcspn(text, " ");
    /* a type may have blanks inside its brackets: table<string, any> */
    while (text[returns.type_bytes - 1] == ',')
        returns.type_bytes += 1 + (int)strcspn(text + returns.type_bytes + 1, " ");
    returns.name = text + returns.type_bytes;
    returns.name += *returns.name == ' ';
    returns.name_bytes = (int)strcspn(returns.name, " ");
    returns.doc = returns.name + returns.name_bytes;
    returns.doc += *returns.doc == ' ';
    return returns;
}

static void add_call(Text *out, const BindModule *module, const BindFunction *row)
{
    if (module->name[0] != '\0')
        text_printf(out, "%s%c", module->name, row->form == FORM_METHOD ? ':' : '.');
    text_append(out, row->name);
    if (row->form == FORM_VALUE)
        return;
    text_append_char(out, '(');
    for (const BindParam *param = row->params; param != NULL && param->name != NULL; param++) {
        size_t length = strcspn(param->name, "?");
        text_append(out, param == row->params ? "" : ", ");
        text_append_bytes(out, param->name, length);
    }
    text_append_char(out, ')');
}

/* ---- lua-api.md ---- */

static void add_parameters(Text *out, const BindFunction *row)
{
    for (const BindParam *param = row->params; param != NULL && param->name != NULL; param++)
        text_printf(out, "- `%s` (%s): %s\n", param->name, param->type, param->doc);
    if (row->returns == NULL || row->form == FORM_VALUE)
        return;
    Returns returns = returns_of(row->returns);
    text_printf(out, "- returns `%.*s` (%.*s)%s%s\n", returns.name_bytes, returns.name,
                returns.type_bytes, returns.type, returns.doc[0] == '\0' ? "" : ": ", returns.doc);
}

static void add_function(Text *out, const BindModule *module, const BindFunction *row)
{
    text_append(out, "\n### `");
    add_call(out, module, row);
    text_append(out, "`\n\n");
    text_printf(out, "%s%s\n", row->doc, row->waits ? " *Waits.*" : "");
    if (row->form != FORM_VALUE && (row->params != NULL || row->returns != NULL))
        text_append_char(out, '\n');
    add_parameters(out, row);
    text_printf(out, "\n```lua\n%s\n```\n", row->example);
}

static void add_limits(Text *out)
{
    text_append(out, "\n## Limits\n\n| what | limit |\n| --- | --- |\n");
    text_printf(out, "| loading a plan | %d s |\n", BOUND_SCRIPT_LOAD_MS / 1000);
    text_printf(out, "| Lua between two waits, and one call of map | %d s |\n",
                BOUND_SCRIPT_SLICE_MS / 1000);
    text_printf(out, "| memory of all scripts of a process | %d MiB |\n", BOUND_SCRIPT_BYTES >> 20);
    text_printf(out, "| rows of one db:query | %d |\n", BOUND_QUERY_ROWS);
    text_append(out, LUA_LIMITS_END);
}

static void add_libraries(Text *out)
{
    static const char *const LIBRARIES[] = {"", "string", "table", "math", "utf8"};
    text_append(out, LUA_LIBRARIES);
    for (size_t i = 0; i < COUNT_OF(LIBRARIES); i++) {
        text_printf(out, "- %s%s%s: ", LIBRARIES[i][0] == '\0' ? "" : "`",
                    LIBRARIES[i][0] == '\0' ? "globals" : LIBRARIES[i],
                    LIBRARIES[i][0] == '\0' ? "" : "`");
        const char *const *names = script_sandbox_names(LIBRARIES[i]);
        for (size_t j = 0; names[j] != NULL; j++)
            text_printf(out, "%s`%s`", j == 0 ? "" : " ", names[j]);
        text_append_char(out, '\n');
    }
    text_append(out, LUA_DIFFERENCES);
}

void bind_docs_lua(Text *out)
{
    text_append(out, LUA_INTRODUCTION);
    const BindModule *module;
    for (size_t i = 0; (module = bind_module_at(i)) != NULL; i++) {
        bool global = module->name[0] == '\0';
        text_printf(out, "\n## %s%s%s\n\n%s\n", global ? "" : "`",
                    global ? "Everywhere" : module->name, global ? "" : "`", module->doc);
        for (const BindFunction *row = module->functions; row->name != NULL; row++)
            add_function(out, module, row);
    }
    add_limits(out);
    add_libraries(out);
}

/* ---- headgate.d.lua ---- */

static void add_function_types(Text *out, const BindModule *module, const BindFunction *row)
{
    text_printf(out, "\n---%s\n", row->doc);
    if (row->waits)
        text_append(out, "---@async\n");
    for (const BindParam *param = row->params; param != NULL && param->name != NULL; param++)
        text_printf(out, "---@param %s %s  %s\n", param->name, param->type, param->doc);
    Returns returns = {.type = NULL};
    if (row->returns != NULL)
        returns = returns_of(row->returns);
    if (row->form == FORM_VALUE) {
        bool global = module->name[0] == '\0';
        text_printf(out, "---@type %.*s\n%s%s%s = %s\n", returns.type_bytes, returns.type,
                    module->name, global ? "" : ".", row->name, global ? "{}" : "nil");
        return;
    }
    if (returns.type != NULL)
        text_printf(out, "---@return %s\n", row->returns);
    text_append(out, "function ");
    add_call(out, module, row);
    text_append(out, " end\n");
}

static void add_module_types(Text *out, const BindModule *module)
{
    bool is_object = module->functions[0].form == FORM_METHOD;
    if (is_object)
        text_printf(out, "\n---%s\n---@class headgate.%c%s\nlocal %s = {}\n", module->doc,
                    toupper((unsigned char)module->name[0]), module->name + 1, module->name);
    else if (module->name[0] != '\0')
        text_printf(out, "\n---%s\n%s = {}\n", module->doc, module->name);
    for (const BindFunction *row = module->functions; row->name != NULL; row++) {
        if (!text_equal(row->name, "require")) /* the language server follows Lua's own */
            add_function_types(out, module, row);
    }
}

void bind_docs_types(Text *out)
{
    text_append(out, "---@meta\n"
                     "-- Types of the plan language for lua-language-server. Written by `headgate "
                     "docs types`.\n\n");
    plan_docs_types(out);
    const BindModule *module;
    for (size_t i = 0; (module = bind_module_at(i)) != NULL; i++)
        add_module_types(out, module);
}
