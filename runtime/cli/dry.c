/* Simulating a plan: the child (dry) evaluates and simulates, and is killed when it does not react.
 */
#include "cli/dry.h"

#include "base/bounds.h"
#include "bind/plan.h"
#include "bind/row.h"
#include "cli/commands.h"
#include "ledger/run.h"
#include "loop/child.h"
#include "plan/param.h"
#include "rollout/gate.h"
#include "run/dry.h"

#include <stdio.h>
#include <string.h>

enum {
    REPORT_MAX_BYTES = 32 * 1024 * 1024,
    SAMPLES_DEFAULT = 5,
    SAMPLES_MAX = 10000,
    PARAMS_MAX_BYTES = 2 * 1024 * 1024
};

/* ------------------------------------------------------------------ the child */

static void *open_map(void *ctx, const char *path, Error *err)
{
    BindRows *rows = NULL;
    return bind_rows_open(ctx, path, &rows, err) ? rows : NULL;
}

static void close_map(void *map_ctx)
{
    bind_rows_close(map_ctx);
}

/* The parent's values: checked there, and here by the same rules. */
static bool read_params(const Plan *plan, json_t **ret_values, Error *err)
{
    AUTO(base_free) char *text = base_alloc(PARAMS_MAX_BYTES);
    size_t bytes = fread(text, 1, PARAMS_MAX_BYTES, stdin);
    AUTO(json_auto) json_t *given = json_parse(text, bytes, err);
    return given != NULL ? plan_param_resolve(plan, given, ret_values, err)
                         : error_wrap(err, "reading the parameters");
}

/* What a run was started with is in the state database; context becomes that of its environment. */
static bool load_run(Cli *cli, CliContext *context, const char *text, Bundle **ret_bundle,
                     Error *err)
{
    int64_t run = 0;
    AUTO(db_close_auto) DbConn *state = NULL;
    AUTO(json_auto) json_t *head = NULL;
    AUTO(json_auto) json_t *graph = NULL;
    return cli_context_connect(cli, context, false, &state, err) &&
           cli_context_run(state, text, &run, err) && ledger_run_read(state, run, &head, err) &&
           cli_context_environment(context, json_get_string(head, "environment", ""), err) &&
           ledger_plan_load(state, json_get_string(head, "plan", ""), ret_bundle, &graph, err);
}

static bool load(Cli *cli, CliContext *context, const char *plan, Bundle **ret_bundle, Error *err)
{
    if (plan[0] == '#')
        return cli_context_open(cli, NULL, context, err) &&
               load_run(cli, context, plan, ret_bundle, err);
    return cli_context_open(cli, plan, context, err) &&
           bundle_read(cli_context_plan_folder(context->arena, plan), NULL, ret_bundle, err);
}

static bool simulate(Cli *cli, const char *name, json_t **ret_report, Error *err)
{
    CliContext context = {0};
    AUTO(bundle_auto) Bundle *bundle = NULL;
    AUTO(plan_auto) Plan *plan = NULL;
    AUTO(json_auto) json_t *params = NULL;
    AUTO(json_auto) json_t *gates = NULL;
    BindPlan *lua = NULL;
    const ConfigTarget *target = NULL;
    const CliNumber number = {
        .option = "samples", .otherwise = SAMPLES_DEFAULT, .least = 0, .most = SAMPLES_MAX};
    int64_t samples = 0;
    bool ok = cli_option_number(cli, &number, &samples, err) &&
              load(cli, &context, name, &bundle, err) &&
              bind_plan_load(cli->loop, bundle, &lua, err) &&
              plan_from_graph(bind_plan_graph(lua), &plan, err) &&
              read_params(plan, &params, err) && bind_plan_params(lua, params, err) &&
              bind_plan_answers(lua, gates = rollout_gate_unasked(plan), err) &&
              cli_context_plan_target(&context, plan, &target, err);
    RunDryOptions options = {.loop = cli->loop,
                             .plan = plan,
                             .target = target,
                             .environment = context.environment,
                             .samples = (int)samples,
                             .map = bind_rows_map,
                             .map_open = open_map,
                             .map_close = close_map,
                             .ctx = lua};
    ok = ok && run_dry(&options, ret_report, err);
    if (ok)
        json_object_set(*ret_report, "params", params);
    bind_plan_free(lua);
    if (context.arena != NULL)
        cli_context_done(&context);
    return ok;
}

CliExit cli_dry(Cli *cli)
{
    Error err = {0};
    json_t *report = NULL;
    AUTO(json_auto) json_t *answer = json_object();
    child_beat_start(cli->loop);
    bool ok = simulate(cli, cli_argument(cli, 0), &report, &err);
    if (ok)
        json_object_set_new(answer, "report", report);
    else
        json_object_set_new(answer, "error", json_from_error(&err));
    cli_print_json(answer);
    return ok ? CLI_OK : CLI_FAILED;
}

/* ------------------------------------------------------------------ the parent */

static bool read_report(const char *output, json_t **ret_report, Error *err)
{
    AUTO(json_auto) json_t *answer = json_parse(output, strlen(output), err);
    if (answer == NULL)
        return error_wrap(err, "simulating the plan");
    const json_t *problem = json_object_get(answer, "error");
    if (problem != NULL) {
        error_set(err, ERROR_INPUT, "%s", json_get_string(problem, "message", ""));
        const char *hint = json_get_string(problem, "hint", NULL);
        return hint == NULL ? false : error_hint(err, "%s", hint);
    }
    *ret_report = json_incref(json_object_get(answer, "report"));
    return true;
}

static bool read_end(Child *child, int64_t deadline_ms, json_t **ret_report, Error *err)
{
    ChildExit ended = {0};
    if (!child_wait(child, deadline_ms, &ended, err))
        return fiber_cancelled() ? false
                                 : error_set(err, ERROR_SCRIPT,
                                             "simulating the plan took longer than %d s: it was "
                                             "ended",
                                             (int)(deadline_ms / 1000));
    if (ended.silent)
        return error_set(err, ERROR_SCRIPT, "the plan's Lua did not react in time: it was killed");
    if (ended.signum != 0 || ended.code > CLI_FAILED)
        return error_set(err, ERROR_SCRIPT,
                         "simulating the plan ended with code %d, signal %d: %.300s", ended.code,
                         ended.signum, child_stderr(child));
    return read_report(child_stdout(child), ret_report, err);
}

bool cli_dry_ask(const Cli *cli, const CliContext *context, const CliDryAsk *ask,
                 json_t **ret_report, Error *err)
{
    AUTO(base_free) char *input = json_text(ask->params);
    const char *argv[12] = {cli->program, "dry", ask->plan, "--env", ask->environment};
    size_t n = 5;
    if (context->config_path != NULL) {
        argv[n++] = "--config";
        argv[n++] = context->config_path;
    }
    if (ask->samples != NULL) {
        argv[n++] = "--samples";
        argv[n++] = ask->samples;
    }
    ChildOptions options = {.argv = argv,
                            .output = CHILD_CAPTURE,
                            .capture_max_bytes = REPORT_MAX_BYTES,
                            .input = input,
                            .input_bytes = strlen(input),
                            .beats = true,
                            .silence_ms = BOUND_SCRIPT_LOAD_MS + BOUND_SCRIPT_KILL_MARGIN_MS,
                            .own_group = true};
    Child *child = NULL;
    if (!child_start(cli->loop, &options, &child, err))
        return false;
    bool ok = read_end(child, ask->deadline_ms, ret_report, err);
    child_free(child);
    return ok;
}
