/* The parent's side of `headgate graph`. */
#include "cli/evaluate.h"

#include "base/bounds.h"
#include "base/share.h"
#include "ledger/run.h"
#include "loop/child.h"
#include "run/kind.h"

#include <stdlib.h>
#include <string.h>

enum {
    GRAPH_MAX_BYTES = 32 * 1024 * 1024,
    /* The child ends a script at its limit itself and says where: on a machine with much to do it
     * is late, and whoever kills it meanwhile cannot say it. */
    SAYS_MS = 2000,
};

static bool read_answer(const char *output, Plan **ret_plan, Error *err)
{
    AUTO(json_auto) json_t *answer = json_parse(output, strlen(output), err);
    if (answer == NULL)
        return error_wrap(err, "evaluating the plan");
    const json_t *problem = json_object_get(answer, "error");
    if (problem != NULL) {
        bool script = text_equal(json_get_string(problem, "kind", ""), "script");
        error_set(err, script ? ERROR_SCRIPT : ERROR_INPUT, "%s",
                  json_get_string(problem, "message", ""));
        const char *hint = json_get_string(problem, "hint", NULL);
        return hint == NULL ? false : error_hint(err, "%s", hint);
    }
    return plan_from_graph(json_object_get(answer, "graph"), ret_plan, err);
}

static bool ended_badly(const ChildExit *ended, const Child *child, Error *err)
{
    if (ended->silent)
        return error_set(
            err, ERROR_SCRIPT,
            "evaluating the plan took longer than %d ms and did not react: it was killed",
            BOUND_SCRIPT_LOAD_MS);
    return error_set(err, ERROR_SCRIPT, "evaluating the plan ended with code %d, signal %d: %.300s",
                     ended->code, ended->signum, child_stderr(child));
}

bool cli_evaluate(const Cli *cli, const Bundle *bundle, Plan **ret_plan, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t size = 0;
    const void *packed = bundle_pack(bundle, arena, &size);
    const char *const argv[] = {cli->program, "graph", NULL};
    ChildOptions options = {.argv = argv,
                            .output = CHILD_CAPTURE,
                            .capture_max_bytes = GRAPH_MAX_BYTES,
                            .input = packed,
                            .input_bytes = size,
                            .beats = true,
                            .silence_ms = BOUND_SCRIPT_LOAD_MS + SAYS_MS,
                            .own_group = true};
    Child *child = NULL;
    ChildExit ended = {0};
    if (!child_start(cli->loop, &options, &child, err))
        return false;
    bool ok = child_wait(child, -1, &ended, err);
    if (ok && (ended.signum != 0 || ended.code > CLI_FAILED))
        ok = ended_badly(&ended, child, err);
    else if (ok)
        ok = read_answer(child_stdout(child), ret_plan, err);
    child_free(child);
    return ok;
}

static bool check_node(void *ctx, size_t node, Error *err)
{
    const Plan *plan = ctx;
    return run_kind_sql_check(plan->nodes[node], err);
}

typedef struct SqlChecking {
    Plan *plan;
    bool ok;
    Error err;
} SqlChecking;

/* Parse trees are most of what a plan of many steps costs before its first step. */
static void check_all(void *arg)
{
    SqlChecking *checking = arg;
    Plan *plan = checking->plan;
    checking->ok = share_items(0, plan->nodes_count, check_node, plan, &checking->err);
}

static bool check_sql(Plan *plan, Error *err)
{
    SqlChecking checking = {.plan = plan};
    bool shielded = fiber_shield(true); /* the threads use our stack */
    fiber_run_blocking(check_all, &checking);
    fiber_shield(shielded);
    if (!checking.ok)
        *err = checking.err;
    return checking.ok;
}

/* Of the bundle, or what state kept of an earlier evaluation. */
static bool find_plan(const Cli *cli, DbConn *state, CliPlan *plan, Error *err)
{
    AUTO(json_auto) json_t *graph = NULL;
    if (state != NULL && !ledger_plan_graph(state, plan->bundle->hash, &graph, err))
        return false;
    if (graph != NULL)
        return plan_from_graph(graph, &plan->plan, err);
    return cli_evaluate(cli, plan->bundle, &plan->plan, err) && check_sql(plan->plan, err);
}

/* On a thread of the pool: touches nothing but its own. */
static void read_bundle(void *arg)
{
    CliReading *reading = arg;
    reading->ok = bundle_read(reading->folder, reading->extra, &reading->bundle, &reading->err);
}

static void read_main(void *arg)
{
    CliReading *reading = arg;
    fiber_run_blocking(read_bundle, reading);
    reading->ended = true;
    fiber_event_broadcast(&reading->done);
}

void cli_evaluate_begin(const Cli *cli, const CliContext *context, const char *plan,
                        CliReading *ret_reading)
{
    AUTO(json_auto) json_t *shown = config_shown(context->config, context->environment);
    *ret_reading = (CliReading){.folder = cli_context_plan_folder(context->arena, plan),
                                .extra = json_canonical(shown)};
    fiber_start(cli->loop, "plan", read_main, ret_reading);
}

bool cli_evaluate_end(CliReading *reading, Bundle **ret_bundle, Error *err)
{
    bool shielded = fiber_shield(true); /* the thread uses our caller's stack */
    while (!reading->ended)
        fiber_event_wait(&reading->done, -1);
    fiber_shield(shielded);
    free(reading->extra);
    *ret_bundle = reading->bundle;
    if (!reading->ok)
        *err = reading->err;
    return reading->ok;
}

bool cli_evaluate_known(const Cli *cli, const CliContext *context, DbConn *state, CliPlan *plan,
                        Error *err)
{
    return find_plan(cli, state, plan, err) &&
           config_check_plan(context->config, context->environment, plan->plan, err);
}

bool cli_evaluate_folder(const Cli *cli, const CliContext *context, const char *plan,
                         CliPlan *ret_plan, Error *err)
{
    CliPlan result = {0};
    CliReading reading;
    cli_evaluate_begin(cli, context, plan, &reading);
    if (!cli_evaluate_end(&reading, &result.bundle, err) ||
        !cli_evaluate_known(cli, context, NULL, &result, err)) {
        cli_plan_done(&result);
        return false;
    }
    *ret_plan = result;
    return true;
}

void cli_plan_done(CliPlan *plan)
{
    plan_free(plan->plan);
    bundle_free(plan->bundle);
    json_decref(plan->params);
    *plan = (CliPlan){0};
}
