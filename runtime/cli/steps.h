/* The steps of a run, which stand in its target. */
#ifndef HEADGATE_CLI_STEPS_H
#define HEADGATE_CLI_STEPS_H

#include "cli/context.h"

/// Waits. head is that of ledger_run_read(). Where the target cannot be asked, *ret_steps is NULL
/// and *ret_why says why; fails only with the state database.
NODISCARD bool cli_steps(const Cli *cli, const CliContext *context, DbConn *state,
                         const json_t *head, json_t **ret_steps, Error *ret_why, Error *err);

#endif
