/* The supervisor's hooks: plans that can be started, starting runs, adopting runs that nobody
 * drives. */
#include "cli/supervise.h"

#include "base/file.h"
#include "cli/dry.h"
#include "plan/param.h"
#include "plan/shown.h"
#include "plan/tick.h"
#include "run/lint.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RUNNERS_MAX = 256,
    PREVIEW_MS = 60000,
    FILE_BYTES = 256 * 1024,       ///< shown of one file of a bundle
    FILES_BYTES = 4 * 1024 * 1024, ///< and of all
};

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

/* The folder of a plan that is offered. */
static bool find_folder(const CliSupervisor *supervisor, const char *name, char **ret_folder,
                        Error *err)
{
    bool named = supervisor->plans != NULL && strchr(name, '/') == NULL && name[0] != '.';
    *ret_folder = named ? base_printf("%s/%s", supervisor->plans, name) : NULL;
    AUTO(base_free) char *file = named ? base_printf("%s/plan.lua", *ret_folder) : NULL;
    return (named && access(file, F_OK) == 0) ||
           error_set(err, ERROR_INPUT, "there is no plan \"%s\"", name);
}

static bool hook_start_run(void *ctx, const ServerStart *start, int64_t *ret_run, Error *err)
{
    CliSupervisor *supervisor = ctx;
    CliContext own = *supervisor->context;
    CliPlan plan = {0};
    AUTO(base_free) char *folder = NULL;
    if (!find_folder(supervisor, start->plan, &folder, err))
        return false;
    CliStarter starter = {.person = start->person, .via = start->via, .key = start->key};
    const char *environment =
        start->environment == NULL ? supervisor->context->environment->name : start->environment;
    bool ok = cli_context_environment(&own, environment, err) &&
              cli_evaluate_folder(supervisor->cli, &own, folder, &plan, err) &&
              plan_param_resolve(plan.plan, start->params, &plan.params, err) &&
              cli_launch_create(supervisor->cli, &own, NULL, &plan, &starter, ret_run, err) &&
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

/* What can be shown of a bundle's files; text that is none (or too long) is null. */
static json_t *files_of(const Bundle *bundle)
{
    json_t *files = json_array();
    size_t shown = 0;
    for (size_t i = 0; i < bundle->files_count; i++) {
        const BundleFile *file = &bundle->files[i];
        bool fits = file->size_bytes <= FILE_BYTES && shown + file->size_bytes <= FILES_BYTES;
        json_t *text = fits ? json_stringn(file->bytes, file->size_bytes) : NULL;
        shown += text == NULL ? 0 : file->size_bytes;
        json_t *one = json_object();
        json_set_string(one, "path", file->path);
        json_set_int(one, "bytes", (int64_t)file->size_bytes);
        json_object_set_new(one, "text", text == NULL ? json_null() : text);
        json_array_append_new(files, one);
    }
    return files;
}

/* A plan that cannot be evaluated (NULL) still has its files: the mistake is in one of them. */
static void add_source(json_t *item, const char *folder, const Plan *plan)
{
    Error ignored = {0};
    AUTO(bundle_auto) Bundle *bundle = NULL;
    bool read = bundle_read(folder, NULL, &bundle, &ignored);
    json_object_set_new(item, "files", read ? files_of(bundle) : json_array());
    json_object_set_new(item, "graph", plan == NULL ? json_null() : plan_shown(plan));
    json_object_set_new(item, "findings", plan == NULL ? json_array() : run_lint(plan, NULL, NULL));
    json_t *boxes = plan == NULL ? NULL : plan_tick_json(plan);
    json_object_set_new(item, "boxes", boxes == NULL ? json_null() : boxes);
}

static json_t *describe(CliSupervisor *supervisor, const char *name, bool whole)
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
    if (whole)
        add_source(item, folder, ok ? plan.plan : NULL);
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
            json_array_append_new(plans, describe(supervisor, entries[i]->d_name, false));
        free(entries[i]);
    }
    free(entries);
    *ret_plans = plans;
    return true;
}

static bool hook_plan(void *ctx, const char *name, json_t **ret_plan, Error *err)
{
    AUTO(base_free) char *folder = NULL;
    if (!find_folder(ctx, name, &folder, err))
        return false;
    *ret_plan = describe(ctx, name, true);
    return true;
}

static bool preview(CliSupervisor *supervisor, CliContext *own, CliDryAsk *ask,
                    const ServerStart *start, json_t **ret_report, Error *err)
{
    AUTO(base_free) char *folder = NULL;
    CliPlan plan = {0};
    bool ok = find_folder(supervisor, start->plan, &folder, err) &&
              cli_evaluate_folder(supervisor->cli, own, folder, &plan, err) &&
              plan_param_resolve(plan.plan, start->params, &plan.params, err);
    ask->plan = folder;
    ask->params = plan.params;
    ok = ok && cli_dry_ask(supervisor->cli, own, ask, ret_report, err);
    cli_plan_done(&plan);
    return ok;
}

static bool hook_preview(void *ctx, const ServerStart *start, json_t **ret_report, Error *err)
{
    CliSupervisor *supervisor = ctx;
    CliContext own = *supervisor->context;
    CliDryAsk ask = {.plan = start->plan,
                     .environment =
                         start->environment == NULL ? own.environment->name : start->environment,
                     .params = start->params,
                     .deadline_ms = PREVIEW_MS};
    if (!cli_context_environment(&own, ask.environment, err))
        return false;
    if (start->plan[0] == '#')
        return cli_dry_ask(supervisor->cli, &own, &ask, ret_report, err);
    return preview(supervisor, &own, &ask, start, ret_report, err);
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
                            .tls_cert = options->tls_cert,
                            .tls_key = options->tls_key,
                            .trust_header = options->trust_header,
                            .trusted_proxy = options->trusted_proxy,
                            .state = {.conninfo = context->state->url,
                                      .application_name = "headgate serve",
                                      .pooler_session = context->state->pooler_session},
                            .config = context->config,
                            .key_folder = arena_printf(context->arena, "%s/keys", context->home),
                            .web_root = options->web_root,
                            .hooks = {.ctx = supervisor,
                                      .plans = hook_plans,
                                      .plan = hook_plan,
                                      .preview = hook_preview,
                                      .start_run = hook_start_run,
                                      .adopt = hook_adopt}};
    server.hooks.heads_file = arena_printf(context->arena, "%s/heads.ndjson", context->home);
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
