/* One of a command's actions. */
#include "cli/action.h"

#include <stdio.h>

CliExit cli_action(Cli *cli, const CliAction *rows, bool any_schema)
{
    Error err = {0};
    CliContext context = {0};
    DbConn *state = NULL;
    const char *name = cli_argument(cli, 0);
    while (rows->name != NULL && !text_equal(rows->name, name))
        rows++;
    if (rows->name == NULL) {
        fprintf(stderr,
                "headgate: %s has no action \"%s\"\nheadgate help %s shows how it is used\n",
                cli->command->name, name, cli->command->name);
        return CLI_USAGE;
    }
    bool ok = cli_context_open(cli, NULL, &context, &err) &&
              cli_context_connect(cli, &context, any_schema, &state, &err) &&
              rows->act(cli, &context, state, &err);
    db_close(state);
    if (context.arena != NULL)
        cli_context_done(&context);
    return ok ? CLI_OK : cli_fail(&err);
}
