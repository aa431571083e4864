/* Asking a child what a plan would do here (`headgate dry`): the parent has no Lua, and kills the
 * child when it does not react (DESIGN §9, who may kill Lua). */
#ifndef HEADGATE_CLI_DRY_H
#define HEADGATE_CLI_DRY_H

#include "cli/context.h"

typedef struct CliDryAsk {
    const char *plan; ///< a folder, or "#42": what run 42 was started with
    const char *environment;
    const char *samples;  ///< how many rows to show for each backfill; NULL = 5
    const json_t *params; ///< an object
    int64_t deadline_ms;  ///< < 0: none
} CliDryAsk;

/// Waits. *ret_report as run_dry() gives it, with "params"; owned by the caller. ERROR_SCRIPT when
/// the child had to be killed.
NODISCARD bool cli_dry_ask(const Cli *cli, const CliContext *context, const CliDryAsk *ask,
                           json_t **ret_report, Error *err);

#endif
