/* What the commands share that ask something of a run. */
#ifndef HEADGATE_CLI_ASK_H
#define HEADGATE_CLI_ASK_H

#include "cli/context.h"

typedef struct CliAsk {
    CliContext context;
    DbConn *state;
    json_t *head;
    int64_t run;
} CliAsk;

/// Waits. Finds the run of the first argument. Ends with cli_ask_done(), also after a failure.
NODISCARD bool cli_ask_open(Cli *cli, CliAsk *ask, Error *err);
void cli_ask_done(CliAsk *ask);
/// Waits. Asks the run for something (pause, resume, …) in the name of who calls.
NODISCARD bool cli_ask_request(const CliAsk *ask, const char *kind, json_t *body, Error *err);
/// Waits. Starts a runner and shows the events after since until the run rests or has ended. The
/// exit code tells checks from other failures.
CliExit cli_ask_drive(Cli *cli, const CliContext *context, int64_t run, int64_t since);

#endif
