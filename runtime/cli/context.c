/* Finding configuration, environment and state database. */
#include "cli/context.h"

#include "ledger/run.h"
#include "ledger/schema.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cli_context_plan_folder(Arena *arena, const char *plan)
{
    static const char FILE_NAME[] = "/plan.lua";
    if (text_ends(plan, FILE_NAME) && !text_equal(plan, FILE_NAME))
        return arena_strndup(arena, plan, strlen(plan) - strlen(FILE_NAME));
    const char *below_plans = arena_printf(arena, "plans/%s", plan);
    bool as_said = access(arena_printf(arena, "%s/plan.lua", plan), F_OK) == 0;
    bool by_name = access(arena_printf(arena, "%s/plan.lua", below_plans), F_OK) == 0;
    return !as_said && by_name ? below_plans : arena_strdup(arena, plan);
}

static const char *find_config(const Cli *cli, Arena *arena, const char *plan)
{
    const char *said = cli_option(cli, "config");
    if (said != NULL)
        return said;
    const char *beside = plan == NULL ? NULL
                                      : arena_printf(arena, "%s/headgate.yaml",
                                                     cli_context_plan_folder(arena, plan));
    if (beside != NULL && access(beside, F_OK) == 0)
        return beside;
    return access("headgate.yaml", F_OK) == 0 ? "headgate.yaml" : NULL;
}

static const char *folder_of(Arena *arena, const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return slash == NULL ? "." : arena_strndup(arena, path, (size_t)(slash - path));
}

static const char *operating_user(Arena *arena)
{
    const struct passwd *user = getpwuid(getuid());
    return arena_strdup(arena, user == NULL ? "unknown" : user->pw_name);
}

static bool no_environment(const CliContext *context, const char *name, Error *err)
{
    const Config *config = context->config;
    if (context->config_path == NULL && name != NULL) {
        error_set(err, ERROR_INPUT,
                  "no headgate.yaml was found here, and without one there is no environment \"%s\"",
                  name);
        return error_hint(err, "name the plan's: -c plans/NAME/headgate.yaml, or HEADGATE_CONFIG");
    }
    char names[256] = "";
    for (size_t i = 0; i < config->environments_count; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%s", i == 0 ? "" : ", ",
                 config->environments[i].name);
    }
    if (name == NULL)
        error_set(err, ERROR_INPUT, "which environment? %s has %s", config->path, names);
    else
        error_set(err, ERROR_INPUT, "%s has no environment \"%s\": it has %s", config->path, name,
                  names);
    return error_hint(err, "add -e %s",
                      config->environments_count > 0 ? config->environments[0].name : "ENV");
}

static const ConfigTarget *state_target(const Config *config, const ConfigEnvironment *environment)
{
    const char *name = config->state_target == NULL ? "app" : config->state_target;
    const ConfigTarget *target = config_target(environment, name);
    return target == NULL && environment->targets_count > 0 ? &environment->targets[0] : target;
}

bool cli_context_environment(CliContext *context, const char *name, Error *err)
{
    context->environment = config_environment(context->config, name);
    if (context->environment == NULL)
        return no_environment(context, name, err);
    context->state = state_target(context->config, context->environment);
    if (context->state == NULL)
        return error_set(err, ERROR_INPUT, "%s has no target for environment \"%s\"",
                         context->config->path, context->environment->name);
    return true;
}

/* As who started us says, or the environment, or beside the configuration. */
static const char *home_of(const Cli *cli, const CliContext *context)
{
    const char *given = cli_option(cli, "home");
    const char *home = given == NULL ? getenv("HEADGATE_HOME") : given;
    return text_empty(home) ? arena_printf(context->arena, "%s/.headgate",
                                           folder_of(context->arena, context->config_path))
                            : arena_strdup(context->arena, home);
}

bool cli_context_open(const Cli *cli, const char *plan, CliContext *ret_context, Error *err)
{
    CliContext context = {.arena = arena_new()};
    context.config_path = find_config(cli, context.arena, plan);
    const char *person = getenv("HEADGATE_PERSON");
    context.account = operating_user(context.arena);
    context.person = text_empty(person) ? context.account : arena_strdup(context.arena, person);
    context.home = home_of(cli, &context);
    bool ok = true;
    if (context.config_path == NULL)
        context.config = config_default();
    else
        ok = config_read(context.config_path, &context.config, err);
    if (!ok || !cli_context_environment(&context, cli_option(cli, "env"), err)) {
        cli_context_done(&context);
        return false;
    }
    *ret_context = context;
    return true;
}

void cli_context_done(CliContext *context)
{
    config_free(context->config);
    arena_free(context->arena);
    *context = (CliContext){0};
}

json_t *cli_context_via(const CliContext *context)
{
    json_t *via = json_object();
    json_set_string(via, "door", "cli");
    json_set_string(via, "from", context->account);
    return via;
}

bool cli_context_target(const Cli *cli, const ConfigTarget *target, bool read_only,
                        DbConn **ret_conn, Error *err)
{
    DbTarget options = {.conninfo = target->url,
                        .application_name = "headgate",
                        .lock_timeout_ms = target->lock_timeout_ms,
                        .statement_timeout_ms = target->statement_timeout_ms,
                        .pooler_session = target->pooler_session,
                        .read_only = read_only};
    return (config_target_ready(target, err) && db_open(cli->loop, &options, ret_conn, err)) ||
           error_wrap(err, "target \"%s\"", target->name);
}

bool cli_context_connect(const Cli *cli, const CliContext *context, bool any_schema,
                         DbConn **ret_state, Error *err)
{
    DbConn *state = NULL;
    if (!cli_context_target(cli, context->state, false, &state, err))
        return false;
    if (!any_schema && !ledger_schema_check(state, err)) {
        db_close(state);
        return false;
    }
    *ret_state = state;
    return true;
}

bool cli_context_run(DbConn *state, const char *text, int64_t *ret_run, Error *err)
{
    if (text == NULL) {
        AUTO(db_result_auto) DbResult *newest = NULL;
        if (!ledger_call(state, "run_newest", NULL, &newest, err))
            return false;
        if (db_rows(newest) == 0)
            return error_set(err, ERROR_INPUT, "there are no runs yet") ||
                   error_hint(err, "headgate run PLAN");
        *ret_run = db_int(newest, 0, 0);
        return true;
    }
    char *end = NULL;
    errno = 0;
    const char *digits = text[0] == '#' ? text + 1 : text;
    long long number = strtoll(digits, &end, 10);
    if (errno != 0 || end == digits || *end != '\0' || number <= 0)
        return error_set(err, ERROR_INPUT, "\"%s\" is not the number of a run", text);
    *ret_run = number;
    return true;
}

/* name NULL: the plan names none. */
static bool plan_target(const CliContext *context, const char *name,
                        const ConfigTarget **ret_target, Error *err)
{
    if (name == NULL)
        name = "app";
    *ret_target = config_target(context->environment, name);
    return *ret_target != NULL ||
           error_set(err, ERROR_INPUT,
                     "environment \"%s\" has no target \"%s\", which the plan needs",
                     context->environment->name, name);
}

bool cli_context_plan_target(const CliContext *context, const Plan *plan,
                             const ConfigTarget **ret_target, Error *err)
{
    return plan_target(context, plan_text(plan->root, "target"), ret_target, err);
}

/* The target is the plan's, and the plan is in the state database: so the run's head comes first.
 */
bool cli_context_run_target(const Cli *cli, CliContext *context, int64_t run,
                            const ConfigTarget **ret_target, Error *err)
{
    AUTO(db_close_auto) DbConn *state = NULL;
    AUTO(json_auto) json_t *head = NULL;
    const char *name = NULL;
    if (!cli_context_connect(cli, context, false, &state, err) ||
        !ledger_run_read(state, run, &head, err) ||
        !cli_context_environment(context, json_get_string(head, "environment", ""), err) ||
        !ledger_plan_target(state, json_get_string(head, "plan", ""), context->arena, &name, err))
        return false;
    return plan_target(context, name, ret_target, err);
}
