/* version and docs: what this binary is, and the pages that are generated from its tables. */
#include "base/text.h"
#include "bind/docs.h"
#include "cli/commands.h"
#include "ledger/run.h"
#include "ledger/schema.h"
#include "plan/docs.h"
#include "run/lint_rule.h"
#include "run/state.h"
#include "server/server.h"
#include "sql/docs.h"

#include <stdio.h>

CliExit cli_version(Cli *cli)
{
    if (cli_flag(cli, "json"))
        printf("{\"version\":\"%s\",\"language\":%d,\"schema\":%d}\n", HEADGATE_VERSION,
               LEDGER_LANGUAGE, LEDGER_SCHEMA_VERSION);
    else
        printf("headgate %s (plan language %d, schema %d)\n", HEADGATE_VERSION, LEDGER_LANGUAGE,
               LEDGER_SCHEMA_VERSION);
    return CLI_OK;
}

static const struct Page {
    const char *name;
    void (*write)(Text *out);
    const char *file; /* where it is committed */
} PAGES[] = {
    {"cli", cli_docs_markdown, "docs/cli.md"},
    {"man", cli_manual, NULL},
    {"plan", plan_docs_reference, "docs/plan-reference.md"},
    {"config", plan_docs_config, "docs/configuration.md"},
    {"lua", bind_docs_lua, "docs/lua-api.md"},
    {"types", bind_docs_types, "scripts/meta/headgate.d.lua"},
    {"sql", sql_docs, "docs/sql.md"},
    {"lint", run_lint_docs, "docs/lint.md"},
    {"states", run_states_docs, "docs/states.md"},
    {"routes", server_routes_docs, "docs/http-routes.md"},
    {"openapi", server_openapi_docs, "docs/openapi.json"},
    {"asyncapi", server_asyncapi_docs, "docs/asyncapi.json"},
};

CliExit cli_docs(Cli *cli)
{
    const char *name = cli_argument(cli, 0);
    for (size_t i = 0; i < COUNT_OF(PAGES); i++) {
        if (name == NULL) {
            if (PAGES[i].file != NULL)
                printf("%s %s\n", PAGES[i].name, PAGES[i].file);
        } else if (text_equal(PAGES[i].name, name)) {
            AUTO(text_done) Text text;
            text_init(&text, (size_t)4 << 20);
            PAGES[i].write(&text);
            fputs(text_string(&text), stdout);
            return CLI_OK;
        }
    }
    return name == NULL ? CLI_OK : CLI_USAGE;
}
