/* Starting runs and runners: the parent of a runner has no Lua and restarts it when it dies. */
#ifndef HEADGATE_CLI_LAUNCH_H
#define HEADGATE_CLI_LAUNCH_H

#include "cli/evaluate.h"
#include "loop/child.h"

/// Who asks for a run.
typedef struct CliStarter {
    const char *person;
    json_t *via;     ///< by which door: {door, from}; borrowed; NULL = not known
    const char *key; ///< idempotency key, NULL = none
} CliStarter;
/// Waits. Installs the schema if it is missing, registers the plan and creates a run of it with its
/// params. state: a connection to the state database, NULL = one of its own.
NODISCARD bool cli_launch_create(const Cli *cli, const CliContext *context, DbConn *state,
                                 const CliPlan *plan, const CliStarter *starter, int64_t *ret_run,
                                 Error *err);

/// Waits. Has this very plan been done with these parameters on this database already? *ret_run is
/// that run, or 0. Nothing is written. state has a ledger.
NODISCARD bool cli_launch_find_done(const Cli *cli, const CliContext *context, DbConn *state,
                                    const CliPlan *plan, int64_t *ret_run, Error *err);
/// Waits. The same by the hash of the plan's bundle alone, for a plan that declares no parameters
/// and whose target is the state database: 0 may also mean that the plan must be looked at.
NODISCARD bool cli_launch_find_known(const CliContext *context, DbConn *state, const char *hash,
                                     int64_t *ret_run, Error *err);

/// A runner of one run, kept alive: it is started again when it dies, at most BOUND_SCRIPT_RESTARTS
/// times in a row without the run having moved on, and with pauses.
typedef struct CliRunner CliRunner;
/// Starts it in the background. owner names the lease across restarts; it is kept in the runner.
CliRunner *cli_launch_start(const Cli *cli, const CliContext *context, int64_t run);
/// Has the last child ended for good? Then *ret_exit is its code.
bool cli_launch_ended(const CliRunner *runner, CliExit *ret_exit);
/// Is broadcast when it has ended.
FiberEvent *cli_launch_event(CliRunner *runner);
/// Asks the running child to pause (SIGTERM). When the next ones cannot work either, no other is
/// started.
void cli_launch_pause(CliRunner *runner);
/// Ends it now, whatever it does, and starts no other: what it did is in the ledger.
void cli_launch_end(CliRunner *runner);
/// Waits until it has ended (without ending it) and frees it. detach: leaves the child running.
void cli_launch_free(CliRunner *runner, bool detach);

#endif
