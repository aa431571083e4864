/* plan: what a run would do here. */
#include "cli/boxes.h"
#include "cli/commands.h"
#include "cli/dry.h"
#include "cli/evaluate.h"
#include "cli/param.h"
#include "cli/warnings.h"
#include "plan/tick.h"

#include <inttypes.h>
#include <stdio.h>

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
    CliDryAsk ask = {.plan = cli_argument(cli, 0),
                     .environment = context->environment->name,
                     .samples = cli_option(cli, "samples"),
                     .deadline_ms = -1};
    bool ok = cli_evaluate_folder(cli, context, ask.plan, &plan, &err) &&
              cli_param_take(cli, &plan, &err);
    ask.params = plan.params;
    if (!ok || !cli_dry_ask(cli, context, &ask, &report, &err)) {
        cli_plan_done(&plan);
        return cli_fail(&err);
    }
    json_t *boxes = plan_tick_json(plan.plan);
    if (boxes != NULL)
        json_object_set_new(report, "boxes", boxes);
    if (cli_flag(cli, "json")) {
        cli_print_json(report);
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
