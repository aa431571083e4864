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
/// The bundle of a plan's folder in the context's environment.
NODISCARD bool cli_evaluate_read(const CliContext *context, const char *plan, Bundle **ret_bundle,
                                 Error *err);
/// Waits. Evaluates plan->bundle into plan->plan. state (NULL: none) may know it: a registered
/// bundle was evaluated and checked before, its graph is kept with it.
NODISCARD bool cli_evaluate_known(const Cli *cli, const CliContext *context, DbConn *state,
                                  CliPlan *plan, Error *err);
void cli_plan_done(CliPlan *plan);

#endif
