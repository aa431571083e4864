/* Commands whose first argument says what to do, on the state database: ledger, user, token. */
#ifndef HEADGATE_CLI_ACTION_H
#define HEADGATE_CLI_ACTION_H

#include "cli/command.h"
#include "cli/context.h"

/// Waits.
typedef bool CliActionMain(Cli *cli, const CliContext *context, DbConn *state, Error *err);
typedef struct CliAction {
    const char *name;
    CliActionMain *act;
} CliAction;

/// Waits. Does the action that the first argument names; rows ends with a NULL name. any_schema:
/// the schema headgate may be missing or another version.
CliExit cli_action(Cli *cli, const CliAction *rows, bool any_schema);

#endif
