/* run, and what is asked of runs: resume, retry, pause, rollback, abort. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/launch.h"
#include "cli/param.h"
#include "ledger/run.h"
#include "ledger/schema.h"
#include "run/kept.h"
#include "run/run.h"
#include "run/undo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------ run */

static void announce_one_way(const Plan *plan)
{
    for (size_t i = 0; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        const char *why = json_get_string(node->keys, "one_way", NULL);
        if (why != NULL)
            fprintf(stderr, "no way back after %s \"%s\" (%s:%d): %s\n", plan_kind_name(node->kind),
                    node->path, node->at.file, node->at.line, why);
    }
}

/* On a terminal the start is confirmed; without one it is what was asked for. */
static bool must_confirm(const Cli *cli)
{
    return !cli_flag(cli, "yes") && isatty(STDIN_FILENO) == 1;
}

static bool confirmed(const CliContext *context, const Plan *plan)
{
    fprintf(stderr, "Run \"%s\" on %s (%s)? [y/N] ", plan->root->name, context->environment->name,
            context->state->shown);
    return cli_yes();
}

/* state: the connection that was asked. A person may keep it waiting until it is lost; while the
 * run is followed it is closed. */
static CliExit start_run(Cli *cli, const CliContext *context, DbConn **state, const CliPlan *plan,
                         int64_t done)
{
    Error err = {0};
    int64_t run = 0;
    bool asks = must_confirm(cli);
    if (done != 0) {
        fprintf(stderr,
                "nothing to do: run %" PRId64
                " has done this very plan here (--again does it once more)\n",
                done);
        return CLI_OK;
    }
    announce_one_way(plan->plan);
    if (asks && !confirmed(context, plan->plan))
        return CLI_INTERRUPTED;
    AUTO(json_auto) json_t *via = cli_context_via(context);
    const CliStarter starter = {.person = context->person, .via = via};
    if (!cli_launch_create(cli, context, asks ? NULL : *state, plan, &starter, &run, &err))
        return cli_fail(&err);
    db_close(*state);
    *state = NULL;
    if (!cli_flag(cli, "json")) {
        fprintf(stderr, "run %" PRId64 ": %s on %s (%s), plan %.12s\n", run, plan->plan->root->name,
                context->environment->name, context->state->shown, plan->bundle->hash);
        cli_param_print(stderr, plan->params);
    }
    return cli_ask_drive(cli, context, run, 0);
}

/* Evaluates the plan, and finds the run that has done it here with the parameters of this one.
 * state NULL: there is no ledger yet, so nobody has. */
static bool look_closely(const Cli *cli, const CliContext *context, DbConn *state, CliPlan *plan,
                         int64_t *ret_done, Error *err)
{
    return cli_evaluate_known(cli, context, state, plan, err) && cli_param_take(cli, plan, err) &&
           (state == NULL || cli_flag(cli, "again") ||
            cli_launch_find_done(cli, context, state, plan, ret_done, err));
}

/* The plan, or the run that has done it here already: for the usual answer, "nothing to do", the
 * bundle's hash says enough. */
static bool look(const Cli *cli, const CliContext *context, DbConn **ret_state, CliPlan *plan,
                 int64_t *ret_done, Error *err)
{
    bool plain = !cli_flag(cli, "again") && cli_option_nth(cli, "param", 0) == NULL;
    int version = 0;
    Error unread = {0};
    CliReading reading; /* goes on while the server makes our backend */
    cli_evaluate_begin(cli, context, cli_argument(cli, 0), &reading);
    bool connected = cli_context_connect(cli, context, true, ret_state, err) &&
                     ledger_schema_version(*ret_state, &version, err);
    DbConn *state = *ret_state;
    /* While files are read the server gets to know the catalogs of what it is asked then. */
    connected = connected && (version == 0 || !plain ||
                              cli_launch_find_known(context, state, "", ret_done, err));
    bool read = cli_evaluate_end(&reading, &plan->bundle, &unread);
    if (connected && !read)
        *err = unread;
    if (!connected || !read ||
        (version > 0 && plain &&
         !cli_launch_find_known(context, state, plan->bundle->hash, ret_done, err)))
        return false;
    return *ret_done != 0 ||
           look_closely(cli, context, version > 0 ? state : NULL, plan, ret_done, err);
}

CliExit cli_run(Cli *cli)
{
    Error err = {0};
    CliContext context = {0};
    CliPlan plan = {0};
    if (cli_flag(cli, "dry-run"))
        return cli_plan(cli);
    if (!cli_context_open(cli, cli_argument(cli, 0), &context, &err))
        return cli_fail(&err);
    int64_t done = 0;
    DbConn *state = NULL;
    CliExit code = look(cli, &context, &state, &plan, &done, &err)
                       ? start_run(cli, &context, &state, &plan, done)
                       : cli_fail(&err);
    db_close(state);
    cli_plan_done(&plan);
    cli_context_done(&context);
    return code;
}

/* ------------------------------------------------------------------ requests */

static bool allowed(const CliAsk *ask, const char *kind, Error *err)
{
    RunState state = run_state_parse(json_get_string(ask->head, "state", ""));
    char next[1024];
    run_next_commands(state, ask->head, ask->run, next, sizeof(next));
    if (run_request_allowed(run_request_find(kind), state))
        return true;
    error_set(err, ERROR_REFUSED, "run %" PRId64 " is %s: it cannot %s", ask->run,
              run_state_name(state), kind);
    return error_hint(err, "%s", next);
}

/* What a rollback is going to copy first. Not knowing is no reason not to roll back. */
static void say_kept(const CliAsk *ask)
{
    AUTO(json_auto) json_t *list = NULL;
    Error err = {0};
    size_t i = 0;
    json_t *item = NULL;
    if (!run_kept_count(fiber_loop(), ask->state, ask->context.config, ask->run, &list, &err)) {
        fprintf(stderr, "what the application wrote could not be counted: %s\n", err.message);
        return;
    }
    json_array_foreach (list, i, item)
        fprintf(stderr,
                "%s: %" PRId64
                " row(s) that the application wrote are copied to headgate.kept_%" PRId64
                " before \"%s\" is undone\n",
                json_get_string(item, "relation", ""), json_get_int(item, "rows", 0), ask->run,
                json_get_string(item, "path", ""));
}

/* Asks, and drives the run ourselves when nobody does. */
static CliExit ask_run(Cli *cli, const char *kind, bool drives)
{
    Error err = {0};
    CliAsk ask = {0};
    AUTO(json_auto) json_t *body = json_object();
    json_set_string(body, "why",
                    cli_option(cli, "message") == NULL ? "" : cli_option(cli, "message"));
    bool ok = cli_ask_open(cli, &ask, &err) && allowed(&ask, kind, &err);
    if (ok && text_equal(kind, "rollback") && !cli_flag(cli, "quiet"))
        say_kept(&ask);
    ok = ok && cli_ask_request(&ask, kind, body, &err);
    CliExit code = CLI_OK;
    if (!ok) {
        code = cli_fail(&err);
    } else if (drives && !json_get_bool(ask.head, "alive", false) && !cli_flag(cli, "detach")) {
        int64_t since = json_get_int(ask.head, "last_seq", 0);
        code = cli_ask_drive(cli, &ask.context, ask.run, since);
    } else {
        fprintf(stderr, "%s of run %" PRId64 " asked\n", kind, ask.run);
    }
    cli_ask_done(&ask);
    return code;
}

CliExit cli_resume(Cli *cli)
{
    return ask_run(cli, "resume", true);
}

CliExit cli_retry(Cli *cli)
{
    return ask_run(cli, "retry", true);
}

CliExit cli_pause(Cli *cli)
{
    return ask_run(cli, "pause", false);
}

CliExit cli_abort(Cli *cli)
{
    return ask_run(cli, "abort", true);
}

/* What was asked for is no failure. */
CliExit cli_rollback(Cli *cli)
{
    CliExit code = ask_run(cli, "rollback", true);
    return code == CLI_ROLLED_BACK ? CLI_OK : code;
}
