/* What most commands need: the configuration, the environment, a connection to the state database.
 */
#ifndef HEADGATE_CLI_CONTEXT_H
#define HEADGATE_CLI_CONTEXT_H

#include "cli/command.h"
#include "db/conn.h"
#include "plan/bundle.h"
#include "plan/config.h"

typedef struct CliContext {
    Arena *arena;
    Config *config;
    const char *config_path; ///< NULL: there is no file
    const ConfigEnvironment *environment;
    const ConfigTarget *state;
    const char *account; ///< name of the operating system's user
    const char *person;  ///< HEADGATE_PERSON, or account
    const char *home; ///< folder for keys and backups: --home, HEADGATE_HOME, or .headgate beside
                      ///< the configuration
} CliContext;

/// Reads the configuration: --config, HEADGATE_CONFIG, headgate.yaml of the plan's folder (plan may
/// be NULL), ./headgate.yaml, or the default one. --env chooses the environment.
NODISCARD bool cli_context_open(const Cli *cli, const char *plan, CliContext *ret_context,
                                Error *err);
/// Another environment than --env says (a run's own). ERROR_INPUT when there is none of that name.
NODISCARD bool cli_context_environment(CliContext *context, const char *name, Error *err);
void cli_context_done(CliContext *context);
/// By which door this command came, for the audit: {door, from: the system's user}. The caller's.
json_t *cli_context_via(const CliContext *context);
/// Waits. Connects to the state database; refuses when the schema is missing or another version,
/// unless any_schema.
NODISCARD bool cli_context_connect(const Cli *cli, const CliContext *context, bool any_schema,
                                   DbConn **ret_state, Error *err);
/// Waits. A connection to a target.
NODISCARD bool cli_context_target(const Cli *cli, const ConfigTarget *target, bool read_only,
                                  DbConn **ret_conn, Error *err);
/// The run's number from an argument ("42", "#42"); NULL = the newest unfinished run. Waits.
NODISCARD bool cli_context_run(DbConn *state, const char *text, int64_t *ret_run, Error *err);
/// The target that a plan names.
NODISCARD bool cli_context_plan_target(const CliContext *context, const Plan *plan,
                                       const ConfigTarget **ret_target, Error *err);
/// Waits. The target of a run. The context becomes that of the run's environment.
NODISCARD bool cli_context_run_target(const Cli *cli, CliContext *context, int64_t run,
                                      const ConfigTarget **ret_target, Error *err);
/// The folder of a plan as people name it: "hello", "plans/hello", "plans/hello/plan.lua". From
/// arena.
const char *cli_context_plan_folder(Arena *arena, const char *plan);

#endif
