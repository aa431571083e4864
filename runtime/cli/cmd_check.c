/* check: mistakes in plans, without a database. */
#include "cli/boxes.h"
#include "cli/commands.h"
#include "cli/evaluate.h"
#include "cli/warnings.h"
#include "plan/tick.h"
#include "run/lint.h"

#include <stdio.h>

static bool check_one(Cli *cli, const char *name, json_t *results)
{
    Error err = {0};
    CliContext context = {0};
    CliPlan plan = {0};
    bool ok = cli_context_open(cli, name, &context, &err) &&
              cli_evaluate_folder(cli, &context, name, &plan, &err);
    json_t *result = json_object();
    json_set_string(result, "plan", name);
    if (!ok)
        json_object_set_new(result, "error", json_from_error(&err));
    json_t *boxes = ok ? plan_tick_json(plan.plan) : NULL;
    if (boxes != NULL)
        json_object_set_new(result, "boxes", boxes);
    json_t *warnings = ok ? run_lint(plan.plan, NULL, NULL) : json_array();
    json_object_set_new(result, "warnings", warnings);
    json_array_append_new(results, result);
    for (size_t i = 0; ok && !cli_flag(cli, "json") && i < context.config->notes_count; i++)
        printf("%s\n", context.config->notes[i]);
    if (!cli_flag(cli, "json")) {
        if (ok) {
            cli_warnings_print(stdout, warnings);
            cli_boxes_print(stdout, plan.plan);
            printf("%s: %zu nodes, plan %.12s\n", name, plan.plan->nodes_count - 1,
                   plan.bundle->hash);
        } else {
            cli_fail(&err);
        }
    }
    ok = ok && !cli_warnings_fail(cli, warnings);
    json_object_set_new(result, "ok", json_boolean(ok));
    cli_plan_done(&plan);
    if (context.arena != NULL)
        cli_context_done(&context);
    return ok;
}

CliExit cli_check(Cli *cli)
{
    AUTO(json_auto) json_t *results = json_array();
    bool all = true;
    for (int i = 0; i < cli->arguments_count; i++)
        all = check_one(cli, cli_argument(cli, i), results) && all;
    if (cli_flag(cli, "json"))
        cli_print_json(results);
    return all ? CLI_OK : CLI_CHECK_FAILED;
}
