/* Finding the run a command is about, and driving it while somebody watches. */
#include "cli/ask.h"

#include "cli/follow.h"
#include "ledger/run.h"

static CliExit drive_and_follow(Cli *cli, const CliContext *context, int64_t run, int64_t since)
{
    Error err = {0};
    CliExit code = CLI_FAILED;
    CliFollow follow = {.run = run,
                        .since = since,
                        .json = cli_flag(cli, "json"),
                        .quiet = cli_flag(cli, "quiet"),
                        .stop_at_gate = cli_flag(cli, "no-wait"),
                        .runner = cli_launch_start(cli, context, run)};
    bool ok = cli_follow(cli, context, &follow, &code, &err);
    CliExit runner_exit = CLI_OK;
    bool left_early = ok && !cli_launch_ended(follow.runner, &runner_exit);
    if (left_early && (code == CLI_AT_GATE || code == CLI_NEEDS_REVIEW))
        cli_launch_pause(follow.runner);
    cli_launch_free(follow.runner, false);
    if (!ok)
        return cli_fail(&err);
    return code;
}

/* Whether the last thing told was a check: exit code 4 rather than 1. */
static CliExit finer_exit(Cli *cli, const CliContext *context, int64_t run, CliExit code)
{
    AUTO(db_close_auto) DbConn *state = NULL;
    AUTO(json_auto) json_t *head = NULL;
    Error err = {0};
    if ((code != CLI_FAILED && code != CLI_ROLLED_BACK) ||
        !cli_context_connect(cli, context, false, &state, &err) ||
        !ledger_run_read(state, run, &head, &err))
        return code;
    const char *problem =
        json_get_string(json_object_get(json_object_get(head, "reason"), "error"), "kind", "");
    const char *why = json_get_string(head, "rollback_why", "");
    if (code == CLI_FAILED && text_equal(problem, "refused"))
        return CLI_CHECK_FAILED;
    return code == CLI_ROLLED_BACK && text_starts(why, "verification") ? CLI_CHECK_FAILED : code;
}

bool cli_ask_request(const CliAsk *ask, const char *kind, json_t *body, Error *err)
{
    AUTO(json_auto) json_t *via = cli_context_via(&ask->context);
    return ledger_request_add(ask->state, ask->run, kind, body, ask->context.person, via, err);
}

CliExit cli_ask_drive(Cli *cli, const CliContext *context, int64_t run, int64_t since)
{
    return finer_exit(cli, context, run, drive_and_follow(cli, context, run, since));
}

bool cli_ask_open(Cli *cli, CliAsk *ask, Error *err)
{
    return cli_context_open(cli, NULL, &ask->context, err) &&
           cli_context_connect(cli, &ask->context, false, &ask->state, err) &&
           cli_context_run(ask->state, cli_argument(cli, 0), &ask->run, err) &&
           ledger_run_read(ask->state, ask->run, &ask->head, err) &&
           cli_context_environment(&ask->context, json_get_string(ask->head, "environment", ""),
                                   err);
}

void cli_ask_done(CliAsk *ask)
{
    json_decref(ask->head);
    db_close(ask->state);
    cli_context_done(&ask->context);
}
