/* Evaluating a plan's Lua in a child process that may be killed: what everybody uses who is no
 * runner (DESIGN §9, who may kill Lua). */
#ifndef HEADGATE_CLI_EVALUATE_H
#define HEADGATE_CLI_EVALUATE_H

#include "cli/context.h"

/// Waits. Runs `headgate graph` on the bundle and builds the plan from what it prints. ERROR_SCRIPT
/// when it had to be killed.
NODISCARD bool cli_evaluate(const Cli *cli, const Bundle *bundle, Plan **ret_plan, Error *err);
/// A plan as a command has it: its bundle, evaluated, and checked against configuration and SQL
/// rules.
typedef struct CliPlan {
    Bundle *bundle;
    Plan *plan;
    json_t *params; ///< the run's values (cli/param.h, plan/param.h); NULL until they are known
} CliPlan;
/// Waits.
NODISCARD bool cli_evaluate_folder(const Cli *cli, const CliContext *context, const char *plan,
                                   CliPlan *ret_plan, Error *err);
/// A plan's folder that is being read on a thread, while who wants its bundle does something else.
typedef struct CliReading {
    const char *folder;
    char *extra;
    Bundle *bundle;
    bool ok;
    bool ended;
    Error err;
    FiberEvent done;
} CliReading;
/// Begins to read the bundle of a plan's folder in the context's environment. Whatever happens,
/// cli_evaluate_end() must follow; reading and context stay in place until it returns.
void cli_evaluate_begin(const Cli *cli, const CliContext *context, const char *plan,
                        CliReading *ret_reading);
/// Waits. *ret_bundle is the caller's; NULL after an error.
NODISCARD bool cli_evaluate_end(CliReading *reading, Bundle **ret_bundle, Error *err);
/// Waits. Evaluates plan->bundle into plan->plan. state (NULL: none) may know it: a registered
/// bundle was evaluated and checked before, its graph is kept with it.
NODISCARD bool cli_evaluate_known(const Cli *cli, const CliContext *context, DbConn *state,
                                  CliPlan *plan, Error *err);
void cli_plan_done(CliPlan *plan);

#endif
