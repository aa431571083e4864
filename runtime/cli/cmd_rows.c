/* rows (internal): the row work of one step, a worker. Its parent is the runner, which kills it
 * when it falls silent. */
#include "base/log.h"
#include "bind/plan.h"
#include "bind/row.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "data/worker.h"
#include "ledger/fence.h"
#include "ledger/run.h"
#include "loop/child.h"
#include "rollout/gate.h"
#include "run/kind.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct Worker {
    Cli *cli;
    CliContext context;
    Arena *arena;
    Plan *plan;
    Bundle *bundle;
    BindPlan *lua;
    BindRows *rows;
    DataSpec spec;
    json_t *head;    /* the run's row */
    json_t *answers; /* what its map may know of gates */
    DataNames dropped;
    bool save_old;
    const ConfigTarget *target;
    const char *search_path;
    int64_t run;
    int64_t epoch;
} Worker;

static const char *step_of(const Worker *worker)
{
    const char *step = cli_option(worker->cli, "step");
    return step == NULL ? "" : step;
}

/* Of the target: the state database may have another one. */
static bool read_search_path(Worker *worker, DbConn *state, const char *state_url, Error *err)
{
    AUTO(db_close_auto) DbConn *own = NULL;
    AUTO(db_result_auto) DbResult *path = NULL;
    if ((!text_equal(worker->target->url, state_url) &&
         !cli_context_target(worker->cli, worker->target, true, &own, err)) ||
        !ledger_call(own == NULL ? state : own, "search_path_default", NULL, &path, err))
        return false;
    worker->search_path = arena_strdup(worker->arena, db_value(path, 0, 0));
    return true;
}

/* Verified here as the runner does it: a worker may be on another machine. */
static bool read_answers(Worker *worker, DbConn *state, Error *err)
{
    if (!bind_plan_reads_answers(worker->bundle))
        return true;
    AUTO(base_free) char *keys = base_printf("%s/keys", worker->context.home);
    const GateRun of = {.id = worker->run,
                        .started_by = json_get_string(worker->head, "started_by", ""),
                        .author = json_get_string(worker->head, "author", ""),
                        .key_folder = keys};
    const PlanNode *reader = plan_find(worker->plan, step_of(worker));
    return rollout_gate_answers(state, &of, worker->plan, reader,
                                worker->context.environment->gates_auto, &worker->answers, err);
}

static bool load_plan(Worker *worker, Error *err)
{
    AUTO(db_close_auto) DbConn *state = NULL;
    AUTO(json_auto) json_t *graph = NULL;
    const char *state_url = worker->context.state->url;
    if (!cli_context_connect(worker->cli, &worker->context, false, &state, err) ||
        !ledger_run_read(state, worker->run, &worker->head, err) ||
        !cli_context_environment(&worker->context, json_get_string(worker->head, "environment", ""),
                                 err) ||
        !ledger_plan_load(state, json_get_string(worker->head, "plan", ""), &worker->bundle, &graph,
                          err) ||
        !plan_from_graph(graph, &worker->plan, err) ||
        !cli_context_plan_target(&worker->context, worker->plan, &worker->target, err))
        return false;
    return read_answers(worker, state, err) && read_search_path(worker, state, state_url, err);
}

static bool prepare(Worker *worker, Error *err)
{
    const char *step = step_of(worker);
    if (!load_plan(worker, err))
        return false;
    const PlanNode *node = plan_find(worker->plan, step);
    if (node == NULL || (node->kind != PLAN_BACKFILL && node->kind != PLAN_IMPORT))
        return error_set(err, ERROR_INPUT, "\"%s\" is no backfill or import of this plan", step);
    if (!data_spec_read(node, worker->arena, &worker->spec, err))
        return false;
    if (worker->spec.import != NULL &&
        !config_store_path(worker->context.environment, worker->spec.import->store,
                           &worker->spec.import->root, err))
        return false;
    worker->save_old = worker->spec.import != NULL ||
                       run_kind_backfill_saves_old(worker->plan, node, &worker->spec);
    worker->dropped = run_kind_backfill_unkept(worker->plan, node, &worker->spec, worker->arena);
    if (!worker->spec.map)
        return true;
    return bind_plan_load(worker->cli->loop, worker->bundle, &worker->lua, err) &&
           bind_plan_params(worker->lua, json_object_get(worker->head, "params"), err) &&
           (worker->answers == NULL || bind_plan_answers(worker->lua, worker->answers, err)) &&
           bind_rows_open(worker->lua, node->path, &worker->rows, err);
}

static int work(Worker *worker, Error *err)
{
    char application[48];
    DataWorkerOptions options = {
        .spec = &worker->spec,
        .job = {.run = worker->run,
                .epoch = worker->epoch,
                .role = worker->target->run_as,
                .save_old = worker->save_old,
                .dropped = worker->dropped},
        .target = {.conninfo = worker->target->url,
                   .application_name = ledger_fence_application(worker->run, worker->epoch,
                                                                application, sizeof(application)),
                   .search_path = worker->search_path,
                   .lock_timeout_ms = worker->target->lock_timeout_ms,
                   .statement_timeout_ms = worker->target->statement_timeout_ms,
                   .pooler_session = worker->target->pooler_session},
        .name = cli_option(worker->cli, "name"),
        .joined = cli_flag(worker->cli, "joined")};
    return data_worker_main(worker->cli->loop, &options, worker->spec.map ? bind_rows_map : NULL,
                            worker->rows, err);
}

static void worker_done(Worker *worker)
{
    bind_rows_close(worker->rows);
    bind_plan_free(worker->lua);
    json_decref(worker->head);
    json_decref(worker->answers);
    plan_free(worker->plan);
    bundle_free(worker->bundle);
    arena_free(worker->arena);
    if (worker->context.arena != NULL)
        cli_context_done(&worker->context);
}

CliExit cli_rows(Cli *cli)
{
    Error err = {0};
    Worker worker = {.cli = cli, .arena = arena_new()};
    const CliNumber epoch = {.option = "epoch", .least = 0, .most = INT64_MAX};
    log_set_process("worker");
    child_beat_start(cli->loop);
    bool ok = cli_option_number(cli, &epoch, &worker.epoch, &err) &&
              cli_context_open(cli, NULL, &worker.context, &err) &&
              cli_context_run(NULL, cli_argument(cli, 0), &worker.run, &err) &&
              prepare(&worker, &err);
    int code = ok ? work(&worker, &err) : (int)data_worker_exit(&err);
    if (code != WORKER_DONE) {
        AUTO(json_auto) json_t *problem = json_from_error(&err);
        cli_print_json(problem);
        fflush(stdout);
    }
    worker_done(&worker);
    return (CliExit)code;
}
