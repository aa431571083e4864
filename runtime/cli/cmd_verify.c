/* verify: a run looked at again (run/again.h), on the terminal. */
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/kinds.h"
#include "run/again.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char *mark(const char *result)
{
    return text_equal(result, "pass") ? "✓" : text_equal(result, "fail") ? "✗" : "–";
}

/* What was not asked again is shown only where it ticks a box. */
static void print_items(const json_t *report)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(report, "items"), i, item) {
        const char *result = json_get_string(item, "result", "");
        bool asked = text_equal(result, "pass") || text_equal(result, "fail");
        if (asked || text_equal(json_get_string(item, "kind", ""), "verify"))
            printf("  %s %-8s %s %s: %s\n", mark(result), result, json_get_string(item, "kind", ""),
                   json_get_string(item, "path", ""), json_get_string(item, "text", ""));
    }
}

static void print_ticks(const json_t *box)
{
    size_t i = 0;
    json_t *tick = NULL;
    json_array_foreach (json_object_get(box, "ticks"), i, tick) {
        const char *metric = json_get_string(tick, "metric", NULL);
        printf("               %s %s%s%s: %s\n", json_get_string(tick, "kind", ""),
               json_get_string(tick, "path", ""), metric == NULL ? "" : ", ",
               metric == NULL ? "" : metric,
               text_equal(json_get_string(tick, "result", ""), "recorded")
                   ? "cannot be evaluated again; the run recorded it"
                   : json_get_string(tick, "text", ""));
    }
}

static void print_counts(const json_t *counts)
{
    for (RunAgain i = 0; i < RUN_AGAIN_COUNT; i++) {
        int64_t count = json_get_int(counts, run_again_name(i), 0);
        if (count > 0)
            printf("  %" PRId64 " %s", count, run_again_name(i));
    }
    putchar('\n');
}

static void print_boxes(const json_t *list)
{
    size_t i = 0;
    json_t *box = NULL;
    printf("%s\n", json_get_string(list, "file", ""));
    json_array_foreach (json_object_get(list, "boxes"), i, box) {
        const char *result = json_get_string(box, "result", "");
        printf("  %s %-8s %s\n", mark(result), result, json_get_string(box, "text", ""));
        print_ticks(box);
    }
    printf("boxes:");
    print_counts(json_object_get(list, "counts"));
}

static void print_report(const json_t *report)
{
    const json_t *boxes = json_object_get(report, "boxes");
    printf("run %s, %s in %s, %s\n", json_get_string(report, "run", ""),
           json_get_string(report, "plan", ""), json_get_string(report, "environment", ""),
           json_get_string(report, "state", ""));
    print_items(report);
    printf("steps:");
    print_counts(json_object_get(report, "counts"));
    if (json_is_object(boxes))
        print_boxes(boxes);
    puts("Nothing was changed.");
}

/* Programs of metrics run in a folder of their own, whatever the run's runner does meanwhile. */
static bool look_again(Cli *cli, CliContext *context, int64_t id, json_t **ret_report, Error *err)
{
    const char *program[] = {cli->program, NULL};
    RunHooks hooks = {
        .kinds = CLI_KINDS,
        .worker_argv = program,
        .work_folder = arena_printf(context->arena, "%s/verify-%d", context->home, (int)getpid())};
    const ConfigTarget *target = NULL;
    Run *run = NULL;
    if (!cli_context_run_target(cli, context, id, &target, err) ||
        !config_target_ready(target, err))
        return false;
    RunOptions options = {.loop = cli->loop,
                          .id = id,
                          .target = target,
                          .state = context->state,
                          .config = context->config,
                          .environment = context->environment,
                          .hooks = &hooks};
    bool ok = run_open_to_look(&options, &run, err) &&
              run_again(run, cli_option(cli, "box"), ret_report, err);
    run_close(run);
    (void)rmdir(hooks.work_folder); /* empty, or never made */
    return ok;
}

static bool find_run(const Cli *cli, const CliContext *context, int64_t *ret_run, Error *err)
{
    AUTO(db_close_auto) DbConn *state = NULL;
    return cli_context_connect(cli, context, false, &state, err) &&
           cli_context_run(state, cli_argument(cli, 0), ret_run, err);
}

CliExit cli_verify(Cli *cli)
{
    Error err = {0};
    CliContext context = {0};
    AUTO(json_auto) json_t *report = NULL;
    int64_t run = 0;
    bool ok = cli_context_open(cli, NULL, &context, &err) && find_run(cli, &context, &run, &err) &&
              look_again(cli, &context, run, &report, &err);
    if (context.arena != NULL)
        cli_context_done(&context);
    if (!ok)
        return cli_fail(&err);
    if (cli_flag(cli, "json")) {
        cli_print_json(report);
    } else {
        print_report(report);
    }
    return json_get_bool(report, "ok", false) ? CLI_OK : CLI_CHECK_FAILED;
}
