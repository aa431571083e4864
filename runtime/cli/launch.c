/* Creating runs and keeping runners alive. */
#include "cli/launch.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/run.h"
#include "ledger/schema.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PAUSE_FIRST_MS = 200,
    PAUSE_MAX_MS = 5000,
    SETTLED_MS = 30000,
    IN_VAIN_MAX = 3,
    RUNNER_ARGS_MAX = 16
};

/* ------------------------------------------------------------------ creating */

static bool install_if_missing(DbConn *conn, Error *err)
{
    int version = 0;
    if (!ledger_schema_version(conn, &version, err))
        return false;
    return version == 0 ? ledger_schema_install(conn, NULL, err) : ledger_schema_check(conn, err);
}

/* What the ledger calls a plan's target. */
typedef struct TargetName {
    const char *system;
    const char *database;
} TargetName;

/* In the usual case the target is the state database, which is asked over the connection that is
 * there. installs: another one gets the schema if it has none. */
static bool identify_target(const Cli *cli, const CliContext *context, DbConn *state,
                            const Plan *plan, bool installs, Arena *arena, TargetName *ret_name,
                            Error *err)
{
    const ConfigTarget *target = NULL;
    AUTO(db_close_auto) DbConn *own = NULL;
    if (!cli_context_plan_target(context, plan, &target, err))
        return false;
    if (target != context->state && (!cli_context_target(cli, target, !installs, &own, err) ||
                                     (installs && !install_if_missing(own, err))))
        return false;
    return ledger_run_identity(own == NULL ? state : own, arena, &ret_name->system,
                               &ret_name->database, err);
}

bool cli_launch_create(const Cli *cli, const CliContext *context, DbConn *state,
                       const CliPlan *plan, const CliStarter *starter, int64_t *ret_run, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(db_close_auto) DbConn *own = NULL;
    if (state == NULL && !cli_context_connect(cli, context, true, &own, err))
        return false;
    state = state == NULL ? own : state;
    AUTO(json_auto) json_t *shown = config_shown(context->config, context->environment);
    TargetName target;
    if (!identify_target(cli, context, state, plan->plan, true, arena, &target, err) ||
        !install_if_missing(state, err) ||
        !ledger_plan_register(state, plan->bundle, plan->plan, starter->person, err))
        return false;
    return ledger_run_create(state,
                             &(LedgerRunNew){.plan_hash = plan->bundle->hash,
                                             .plan_name = plan->plan->root->name,
                                             .environment = context->environment->name,
                                             .params = plan->params,
                                             .config = shown,
                                             .system_identifier = target.system,
                                             .database = target.database,
                                             .started_by = starter->person,
                                             .via = starter->via,
                                             .key = starter->key},
                             ret_run, err);
}

bool cli_launch_find_done(const Cli *cli, const CliContext *context, DbConn *state,
                          const CliPlan *plan, int64_t *ret_run, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    TargetName target;
    *ret_run = 0;
    if (!identify_target(cli, context, state, plan->plan, false, arena, &target, err))
        return false;
    LedgerParams params = {0};
    ledger_param_text(&params, plan->bundle->hash);
    ledger_param_text(&params, target.system);
    ledger_param_text(&params, target.database);
    ledger_param_text(&params, context->environment->name);
    ledger_param_json(&params, plan->params);
    AUTO(db_result_auto) DbResult *done = NULL;
    if (!ledger_call(state, "run_done", &params, &done, err))
        return false;
    *ret_run = db_rows(done) == 1 ? db_int(done, 0, 0) : 0;
    return true;
}

bool cli_launch_find_known(const CliContext *context, DbConn *state, const char *hash,
                           int64_t *ret_run, Error *err)
{
    *ret_run = 0;
    LedgerParams params = {0};
    ledger_param_text(&params, hash);
    ledger_param_int(&params, LEDGER_LANGUAGE);
    ledger_param_text(&params, context->environment->name);
    AUTO(db_result_auto) DbResult *known = NULL;
    if (!ledger_call(state, "run_known", &params, &known, err))
        return false;
    if (db_rows(known) == 1 &&
        config_target(context->environment, db_value(known, 0, 1)) == context->state)
        *ret_run = db_int(known, 0, 0);
    return true;
}

/* ------------------------------------------------------------------ keeping alive */

struct CliRunner {
    Loop *loop;
    const char *argv[RUNNER_ARGS_MAX];
    Arena *arena;
    int64_t run;
    Child *child;
    bool ended;
    bool pausing;
    int in_vain; ///< how many died since it was to pause
    bool ending;
    int hung; ///< how often in a row it did not react and was killed
    bool detached;
    CliExit exit;
    FiberEvent event;
    FiberEvent stop; ///< ending was set
};

/* From now on its runners fail the step whose Lua does not react, instead of trying it again. */
static void add_argument(CliRunner *runner, const char *word)
{
    size_t n = 0;
    while (runner->argv[n] != NULL)
        n++;
    invariant(n + 1 < COUNT_OF(runner->argv));
    runner->argv[n] = word;
}

static bool start_child(CliRunner *runner, Error *err)
{
    ChildOptions options = {.argv = runner->argv,
                            .output = CHILD_INHERIT,
                            .beats = true,
                            .silence_ms = BOUND_SCRIPT_SLICE_MS + BOUND_SCRIPT_KILL_MARGIN_MS,
                            .own_group = true};
    return child_start(runner->loop, &options, &runner->child, err);
}

/* One life of a runner. *ret_again: it died or lost its connection, another may go on. */
static bool one_life(CliRunner *runner, bool *ret_again, Error *err)
{
    ChildExit ended = {0};
    *ret_again = false;
    if (!start_child(runner, err))
        return false;
    if (runner->pausing)
        child_kill(runner->child, SIGTERM);
    if (!child_wait(runner->child, -1, &ended, err))
        return false;
    child_free(runner->child);
    runner->child = NULL;
    *ret_again = ended.signum != 0 || ended.code == CLI_AGAIN;
    runner->exit = ended.signum != 0 ? CLI_FAILED : (CliExit)ended.code;
    runner->hung = ended.silent ? runner->hung + 1 : 0;
    if (runner->hung == BOUND_SCRIPT_RESTARTS)
        add_argument(runner, "--hung");
    if (ended.silent)
        log_warn("run %" PRId64 ": its runner did not react and was killed", runner->run);
    else if (ended.signum != 0 && !runner->ending)
        log_warn("run %" PRId64 ": its runner was ended by signal %d", runner->run, ended.signum);
    return true;
}

static void keep_alive(void *arg)
{
    CliRunner *runner = arg;
    Error err = {0};
    bool again = true;
    int64_t pause_ms = PAUSE_FIRST_MS;
    while (again && !runner->detached && !runner->ending) {
        int64_t started_us = clock_monotonic_us();
        if (!one_life(runner, &again, &err)) {
            log_error("run %" PRId64 ": %s", runner->run, err.message);
            runner->exit = CLI_FAILED;
            break;
        }
        if (runner->hung > 2 * BOUND_SCRIPT_RESTARTS) {
            log_error("run %" PRId64 ": its runner hangs each time it starts: no other is started",
                      runner->run);
            runner->exit = CLI_FAILED;
            break;
        }
        if (again && runner->pausing && ++runner->in_vain == IN_VAIN_MAX) {
            runner->exit = CLI_INTERRUPTED;
            break;
        }
        bool lived = (clock_monotonic_us() - started_us) / 1000 >= SETTLED_MS;
        pause_ms = lived                         ? PAUSE_FIRST_MS
                   : pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2
                                                 : PAUSE_MAX_MS;
        if (again && !runner->detached)
            fiber_event_wait_beyond(&runner->stop, 0, pause_ms);
        again = again && !fiber_cancelled();
    }
    runner->ended = true;
    fiber_event_broadcast(&runner->event);
}

static void runner_arguments(CliRunner *runner, const Cli *cli, const CliContext *context)
{
    char id[24];
    snprintf(id, sizeof(id), "%" PRId64, runner->run);
    size_t n = 0;
    runner->argv[n++] = arena_strdup(runner->arena, cli->program);
    runner->argv[n++] = "runner";
    runner->argv[n++] = arena_strdup(runner->arena, id);
    runner->argv[n++] = "--env";
    runner->argv[n++] = arena_strdup(runner->arena, context->environment->name);
    runner->argv[n++] = "--owner";
    runner->argv[n++] = arena_printf(runner->arena, "%d-%" PRId64 "-%u", (int)getpid(),
                                     clock_monotonic_us(), clock_random(1u << 30));
    runner->argv[n++] = "--home";
    runner->argv[n++] = arena_strdup(runner->arena, context->home);
    if (context->config_path != NULL) {
        runner->argv[n++] = "--config";
        runner->argv[n++] = arena_strdup(runner->arena, context->config_path);
    }
    runner->argv[n] = NULL;
}

CliRunner *cli_launch_start(const Cli *cli, const CliContext *context, int64_t run)
{
    CliRunner *runner = base_alloc(sizeof(*runner));
    runner->loop = cli->loop;
    runner->arena = arena_new();
    runner->run = run;
    runner_arguments(runner, cli, context);
    fiber_start(cli->loop, "runner", keep_alive, runner);
    return runner;
}

bool cli_launch_ended(const CliRunner *runner, CliExit *ret_exit)
{
    *ret_exit = runner->exit;
    return runner->ended;
}

FiberEvent *cli_launch_event(CliRunner *runner)
{
    return &runner->event;
}

void cli_launch_pause(CliRunner *runner)
{
    runner->pausing = true;
    if (runner->child != NULL)
        child_kill(runner->child, SIGTERM);
}

void cli_launch_end(CliRunner *runner)
{
    runner->ending = true;
    if (runner->child != NULL)
        child_kill(runner->child, SIGKILL);
    fiber_event_broadcast(&runner->stop);
}

void cli_launch_free(CliRunner *runner, bool detach)
{
    if (runner == NULL)
        return;
    runner->detached = detach;
    if (!runner->ended && detach)
        return; /* the process ends soon; the child goes on by itself */
    while (!runner->ended)
        fiber_event_wait(&runner->event, -1);
    arena_free(runner->arena);
    free(runner);
}
