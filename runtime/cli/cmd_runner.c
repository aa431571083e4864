/* runner (internal): drives one run. Its parent has no Lua and starts another when it says
 * CLI_AGAIN or dies. */
#include "base/bounds.h"
#include "base/log.h"
#include "bind/plan.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/kinds.h"
#include "loop/child.h"
#include "rollout/gate.h"
#include "rollout/mend.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { LEASE_RETRY_MS = 1000, LEASE_RETRIES = 15 };

typedef struct Runner {
    Cli *cli;
    Run *run;
    BindPlan *lua;
    bool reads_answers;
    const char *worker_argv[16];
    RunHooks hooks;
    bool ending;
    bool signals_ended;
    FiberEvent ended;
} Runner;

static void log_from_script(void *ctx, const char *line)
{
    Runner *runner = ctx;
    run_log(runner->run, "", "info", "%s", line);
}

/* Before each call: gates are passed while the run goes on. */
static bool give_answers(Runner *runner, const char *path, Error *err)
{
    Run *run = runner->run;
    if (!runner->reads_answers)
        return true;
    AUTO(json_auto) json_t *gates = NULL;
    const GateRun of = rollout_gate_run(run);
    return rollout_gate_answers(run->ledger, &of, run->plan, plan_find(run->plan, path),
                                run->options.environment->gates_auto, &gates, err) &&
           bind_plan_answers(runner->lua, gates, err);
}

static bool call_lua(void *ctx, const char *path, const char *key, DbConn *conn, bool transactional,
                     json_t **ret_result, Error *err)
{
    Runner *runner = ctx;
    BindTask task = {
        .conn = conn, .transactional = transactional, .log = log_from_script, .ctx = runner};
    return give_answers(runner, path, err) &&
           bind_plan_call(runner->lua, path, key, &task, ret_result, err);
}

static void prepare_hooks(Runner *runner, const CliContext *context, const char *run)
{
    Arena *arena = context->arena;
    size_t n = 0;
    runner->worker_argv[n++] = runner->cli->program;
    runner->worker_argv[n++] = "rows";
    runner->worker_argv[n++] = run;
    runner->worker_argv[n++] = "--env";
    runner->worker_argv[n++] = context->environment->name;
    runner->worker_argv[n++] = "--home";
    runner->worker_argv[n++] = context->home;
    if (context->config_path != NULL) {
        runner->worker_argv[n++] = "--config";
        runner->worker_argv[n++] = context->config_path;
    }
    runner->worker_argv[n] = NULL;
    runner->hooks = (RunHooks){.call = call_lua,
                               .ctx = runner,
                               .mend_ask = rollout_mend_ask,
                               .mend_look = rollout_mend_look,
                               .mend_begin = rollout_mend_begin,
                               .worker_argv = runner->worker_argv,
                               .kinds = CLI_KINDS,
                               .key_folder = arena_printf(arena, "%s/keys", context->home),
                               .backup_folder = arena_printf(arena, "%s/backups", context->home),
                               .work_folder = arena_printf(arena, "%s/work", context->home),
                               .heads_file = arena_printf(arena, "%s/heads.ndjson", context->home)};
}

static bool open_run(Runner *runner, CliContext *context, int64_t id, Error *err)
{
    const ConfigTarget *target = NULL;
    if (!cli_context_run_target(runner->cli, context, id, &target, err))
        return false;
    RunOptions options = {.loop = runner->cli->loop,
                          .id = id,
                          .owner = cli_option(runner->cli, "owner"),
                          .target = target,
                          .state = context->state,
                          .config = context->config,
                          .environment = context->environment,
                          .hooks = &runner->hooks,
                          .hung = cli_flag(runner->cli, "hung")};
    for (int tries = 0; !run_open(&options, &runner->run, err); tries++) {
        if (err->kind != ERROR_CONFLICT || tries == LEASE_RETRIES ||
            !fiber_sleep(LEASE_RETRY_MS, err))
            return false;
    }
    return true;
}

/* What was approved is what runs: the bundle must still give the graph that is kept with it. */
static bool load_lua(Runner *runner, Error *err)
{
    Plan *again = NULL;
    runner->reads_answers = bind_plan_reads_answers(runner->run->bundle);
    if (!bind_plan_load(runner->cli->loop, runner->run->bundle, &runner->lua, err) ||
        !plan_from_graph(bind_plan_graph(runner->lua), &again, err))
        return error_wrap(err, "evaluating the bundle");
    bool same = text_equal(again->hash, runner->run->plan->hash);
    plan_free(again);
    if (same)
        return bind_plan_params(runner->lua, json_object_get(runner->run->head, "params"), err);
    return error_set(err, ERROR_REFUSED,
                     "the bundle gives another graph than the one that was registered");
}

static bool drive(Runner *runner, CliContext *context, int64_t id, Error *err)
{
    return open_run(runner, context, id, err) && load_lua(runner, err) &&
           run_drive(runner->run, err);
}

/* SIGTERM and SIGINT mean: finish the batch and pause. */
static void hear_signals(void *arg)
{
    Runner *runner = arg;
    while (runner->cli->signals == 0 && !runner->ending)
        fiber_event_wait(&runner->cli->signalled, -1);
    if (!runner->ending && runner->run != NULL)
        run_ask_pause(runner->run, "signal");
    runner->signals_ended = true;
    fiber_event_broadcast(&runner->ended);
}

static void runner_done(Runner *runner)
{
    runner->ending = true;
    fiber_event_broadcast(&runner->cli->signalled);
    while (!runner->signals_ended)
        fiber_event_wait(&runner->ended, -1);
    bind_plan_free(runner->lua);
    run_close(runner->run);
}

CliExit cli_runner(Cli *cli)
{
    Error err = {0};
    CliContext context = {0};
    int64_t id = 0;
    char name[64];
    snprintf(name, sizeof(name), "runner %s", cli_argument(cli, 0));
    log_set_process(name);
    child_beat_start(cli->loop);
    if (!cli_context_open(cli, NULL, &context, &err) ||
        !cli_context_run(NULL, cli_argument(cli, 0), &id, &err))
        return cli_fail(&err);
    Runner runner = {.cli = cli};
    prepare_hooks(&runner, &context, cli_argument(cli, 0));
    fiber_start(cli->loop, "signals", hear_signals, &runner);
    bool ok = drive(&runner, &context, id, &err);
    CliExit code = CLI_OK;
    if (!ok) {
        log_error("%s", err.message);
        /* Crash-only (decision 003): nothing is closed in order, because closing could wait for
         * what was lost; the lease is ours to take again. */
        if (err.kind == ERROR_UNREACHABLE || err.kind == ERROR_FENCED)
            _exit(CLI_AGAIN);
        code = CLI_FAILED;
    }
    runner_done(&runner);
    cli_context_done(&context);
    return code;
}
