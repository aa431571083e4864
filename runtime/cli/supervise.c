/* The supervisor's hooks: plans that can be started, starting runs, adopting runs that nobody
 * drives. */
#include "cli/supervise.h"

#include "base/file.h"
#include "plan/param.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUNNERS_MAX = 256 };

struct CliSupervisor {
    Cli *cli;
    CliContext *context;
    const char *plans;
    Server *server;
    CliRunner *runners[RUNNERS_MAX];
    int64_t runs[RUNNERS_MAX];
    size_t runners_count;
};

/* ------------------------------------------------------------------ runners */

static void forget_ended(CliSupervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->runners_count;) {
        CliExit ignored;
        if (!cli_launch_ended(supervisor->runners[i], &ignored)) {
            i++;
            continue;
        }
        cli_launch_free(supervisor->runners[i], false);
        supervisor->runners_count--;
        supervisor->runners[i] = supervisor->runners[supervisor->runners_count];
        supervisor->runs[i] = supervisor->runs[supervisor->runners_count];
    }
}

bool cli_supervise_adopt(CliSupervisor *supervisor, int64_t run, Error *err)
{
    forget_ended(supervisor);
    for (size_t i = 0; i < supervisor->runners_count; i++) {
        if (supervisor->runs[i] == run)
            return true;
    }
    if (supervisor->runners_count == RUNNERS_MAX)
        return error_set(err, ERROR_REFUSED, "%d runs have runners already", RUNNERS_MAX);
    supervisor->runs[supervisor->runners_count] = run;
    supervisor->runners[supervisor->runners_count++] =
        cli_launch_start(supervisor->cli, supervisor->context, run);
    return true;
}

/* The runner of a run needs the run's own environment. */
static bool hook_adopt(void *ctx, int64_t run, Error *err)
{
    return cli_supervise_adopt(ctx, run, err);
}

/* ------------------------------------------------------------------ plans */

static bool hook_start_run(void *ctx, const ServerStart *start, int64_t *ret_run, Error *err)
{
    CliSupervisor *supervisor = ctx;
    CliContext own = *supervisor->context;
    CliPlan plan = {0};
    if (supervisor->plans == NULL || strchr(start->plan, '/') != NULL || start->plan[0] == '.')
        return error_set(err, ERROR_INPUT, "there is no plan \"%s\"", start->plan);
    AUTO(base_free) char *folder = base_printf("%s/%s", supervisor->plans, start->plan);
    CliStarter starter = {.person = start->person, .key = start->key};
    const char *environment =
        start->environment == NULL ? supervisor->context->environment->name : start->environment;
    bool ok = cli_context_environment(&own, environment, err) &&
              cli_evaluate_folder(supervisor->cli, &own, folder, &plan, err) &&
              plan_param_resolve(plan.plan, start->params, &plan.params, err) &&
              cli_launch_create(supervisor->cli, &own, &plan, &starter, ret_run, err) &&
              cli_supervise_adopt(supervisor, *ret_run, err);
    cli_plan_done(&plan);
    return ok;
}

/* What a run would do, in order: the preview of whoever starts one. */
static json_t *parts_of(const Plan *plan)
{
    json_t *parts = json_array();
    for (size_t i = 0; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        if (node->kind == PLAN_PLAN)
            continue;
        json_t *part = json_object();
        json_set_string(part, "path", node->path);
        json_set_string(part, "kind", plan_kind_name(node->kind));
        json_set_string(part, "name", node->name);
        json_set_string(part, "doc", json_get_string(node->keys, "doc", NULL));
        json_set_string(part, "one_way", json_get_string(node->keys, "one_way", NULL));
        json_array_append_new(parts, part);
    }
    return parts;
}

static json_t *describe(CliSupervisor *supervisor, const char *name)
{
    AUTO(base_free) char *folder = base_printf("%s/%s", supervisor->plans, name);
    json_t *item = json_object();
    json_t *environments = json_array();
    CliPlan plan = {0};
    Error err = {0};
    json_set_string(item, "name", name);
    for (size_t i = 0; i < supervisor->context->config->environments_count; i++)
        json_array_append_new(environments,
                              json_string(supervisor->context->config->environments[i].name));
    json_object_set_new(item, "environments", environments);
    bool ok = cli_evaluate_folder(supervisor->cli, supervisor->context, folder, &plan, &err);
    json_set_string(item, "doc", ok ? plan_text(plan.plan->root, "doc") : NULL);
    json_set_string(item, "hash", ok ? plan.bundle->hash : NULL);
    json_set_string(item, "error", ok ? NULL : err.message);
    json_object_set_new(item, "params", ok ? plan_param_list(plan.plan) : json_array());
    json_object_set_new(item, "parts", ok ? parts_of(plan.plan) : json_array());
    cli_plan_done(&plan);
    return item;
}

static int has_plan(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool hook_plans(void *ctx, json_t **ret_plans, Error *err)
{
    CliSupervisor *supervisor = ctx;
    struct dirent **entries = NULL;
    json_t *plans = json_array();
    UNUSED(err);
    int count =
        supervisor->plans == NULL ? 0 : scandir(supervisor->plans, &entries, has_plan, alphasort);
    for (int i = 0; i < count; i++) {
        AUTO(base_free)
        char *file = base_printf("%s/%s/plan.lua", supervisor->plans, entries[i]->d_name);
        if (access(file, F_OK) == 0)
            json_array_append_new(plans, describe(supervisor, entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    *ret_plans = plans;
    return true;
}

/* ------------------------------------------------------------------ life */

bool cli_supervise_start(Cli *cli, CliContext *context, const CliSuperviseOptions *options,
                         CliSupervisor **ret_supervisor, Error *err)
{
    CliSupervisor *supervisor = base_alloc(sizeof(*supervisor));
    supervisor->cli = cli;
    supervisor->context = context;
    supervisor->plans = options->plans;
    ServerOptions server = {.listen = options->listen,
                            .public_url = options->public_url,
                            .state = {.conninfo = context->state->url,
                                      .application_name = "headgate serve",
                                      .pooler_session = context->state->pooler_session},
                            .config = context->config,
                            .key_folder = arena_printf(context->arena, "%s/keys", context->home),
                            .web_root = options->web_root,
                            .hooks = {.ctx = supervisor,
                                      .plans = hook_plans,
                                      .start_run = hook_start_run,
                                      .adopt = hook_adopt}};
    if (!file_make_folder(context->home, err) ||
        !server_start(cli->loop, &server, &supervisor->server, err)) {
        free(supervisor);
        return false;
    }
    *ret_supervisor = supervisor;
    return true;
}

Server *cli_supervise_server(const CliSupervisor *supervisor)
{
    return supervisor->server;
}

void cli_supervise_stop(CliSupervisor *supervisor)
{
    server_stop(supervisor->server);
    for (size_t i = 0; i < supervisor->runners_count; i++)
        cli_launch_free(supervisor->runners[i], true);
    free(supervisor);
}
