/* plan: what a run would do here. The parent has no Lua; the child (dry) evaluates and simulates,
 * and is killed when it does not react. */
#include "base/bounds.h"
#include "bind/plan.h"
#include "bind/row.h"
#include "cli/boxes.h"
#include "cli/commands.h"
#include "cli/param.h"
#include "cli/warnings.h"
#include "loop/child.h"
#include "plan/param.h"
#include "plan/tick.h"
#include "run/dry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPORT_MAX_BYTES = 32 * 1024 * 1024,
    SAMPLES_DEFAULT = 5,
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

static bool simulate(Cli *cli, const char *folder, json_t **ret_report, Error *err)
{
    CliContext context = {0};
    AUTO(bundle_auto) Bundle *bundle = NULL;
    AUTO(plan_auto) Plan *plan = NULL;
    AUTO(json_auto) json_t *params = NULL;
    BindPlan *lua = NULL;
    const ConfigTarget *target = NULL;
    const char *samples = cli_option(cli, "samples");
    bool ok = cli_context_open(cli, folder, &context, err) &&
              bundle_read(cli_context_plan_folder(context.arena, folder), NULL, &bundle, err) &&
              bind_plan_load(cli->loop, bundle, &lua, err) &&
              plan_from_graph(bind_plan_graph(lua), &plan, err) &&
              read_params(plan, &params, err) && bind_plan_params(lua, params, err) &&
              cli_context_plan_target(&context, plan, &target, err);
    RunDryOptions options = {.loop = cli->loop,
                             .plan = plan,
                             .target = target,
                             .environment = context.environment,
                             .samples =
                                 samples == NULL ? SAMPLES_DEFAULT : (int)strtol(samples, NULL, 10),
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
    AUTO(base_free) char *text = json_text(answer);
    puts(text);
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

static bool ask_child(Cli *cli, const CliContext *context, json_t *params, json_t **ret_report,
                      Error *err)
{
    AUTO(base_free) char *input = json_text(params);
    const char *samples = cli_option(cli, "samples");
    const char *argv[12] = {cli->program, "dry", cli_argument(cli, 0), "--env",
                            context->environment->name};
    size_t n = 5;
    if (context->config_path != NULL) {
        argv[n++] = "--config";
        argv[n++] = context->config_path;
    }
    if (samples != NULL) {
        argv[n++] = "--samples";
        argv[n++] = samples;
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
    ChildExit ended = {0};
    if (!child_start(cli->loop, &options, &child, err))
        return false;
    bool ok = child_wait(child, -1, &ended, err);
    if (ok && ended.silent)
        ok = error_set(err, ERROR_SCRIPT, "the plan's Lua did not react in time: it was killed");
    else if (ok && (ended.signum != 0 || ended.code > CLI_FAILED))
        ok = error_set(err, ERROR_SCRIPT,
                       "simulating the plan ended with code %d, signal %d: %.300s", ended.code,
                       ended.signum, child_stderr(child));
    else if (ok)
        ok = read_report(child_stdout(child), ret_report, err);
    child_free(child);
    return ok;
}

static void print_samples(const json_t *item)
{
    size_t i = 0;
    json_t *sample = NULL;
    json_array_foreach (json_object_get(item, "samples"), i, sample)
        printf("               %s %s: %s\n", json_get_string(sample, "kind", ""),
               json_get_string(sample, "key", ""), json_get_string(sample, "reason", ""));
}

static void print_report(const json_t *report)
{
    printf("%s -> %s (%s)   plan %.12s\n", json_get_string(report, "plan", ""),
           json_get_string(report, "environment", ""), json_get_string(report, "target", ""),
           json_get_string(report, "hash", ""));
    cli_param_print(stdout, json_object_get(report, "params"));
    size_t i = 0;
    json_t *item = NULL;
    int64_t ambiguous = 0;
    json_array_foreach (json_object_get(report, "items"), i, item) {
        printf("  %-10s %-14s %s: %s\n", json_get_string(item, "kind", ""),
               json_get_string(item, "outcome", ""), json_get_string(item, "path", ""),
               json_get_string(item, "text", ""));
        print_samples(item);
        ambiguous += json_get_int(item, "ambiguous", 0);
    }
    if (ambiguous > 0)
        printf("%" PRId64 " row(s) will need a decision (headgate review, or the dashboard)\n",
               ambiguous);
    puts("Nothing was changed.");
}

static CliExit judge(const json_t *report)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(report, "items"), i, item) {
        const char *outcome = json_get_string(item, "outcome", "");
        if (text_equal(outcome, "fail") || text_equal(outcome, "error"))
            return CLI_CHECK_FAILED;
    }
    return CLI_OK;
}

static CliExit show(Cli *cli, const CliContext *context)
{
    Error err = {0};
    AUTO(json_auto) json_t *report = NULL;
    CliPlan plan = {0};
    if (!cli_evaluate_folder(cli, context, cli_argument(cli, 0), &plan, &err) ||
        !cli_param_take(cli, &plan, &err) || !ask_child(cli, context, plan.params, &report, &err)) {
        cli_plan_done(&plan);
        return cli_fail(&err);
    }
    json_t *boxes = plan_tick_json(plan.plan);
    if (boxes != NULL)
        json_object_set_new(report, "boxes", boxes);
    if (cli_flag(cli, "json")) {
        AUTO(base_free) char *text = json_text(report);
        puts(text);
    } else {
        cli_warnings_print(stdout, json_object_get(report, "warnings"));
        cli_boxes_print(stdout, plan.plan);
        print_report(report);
    }
    cli_plan_done(&plan);
    return cli_warnings_fail(cli, json_object_get(report, "warnings")) ? CLI_CHECK_FAILED
                                                                       : judge(report);
}

CliExit cli_plan(Cli *cli)
{
    Error err = {0};
    CliContext context = {0};
    if (!cli_context_open(cli, cli_argument(cli, 0), &context, &err))
        return cli_fail(&err);
    CliExit code = show(cli, &context);
    cli_context_done(&context);
    return code;
}
