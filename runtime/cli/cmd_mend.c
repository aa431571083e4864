/* answer, skip, repair, advance: what a person does where the run cannot know, cannot go back, or
 * would go on watching. */
#include "cli/api.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/param.h"
#include "ledger/run.h"
#include "run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SQL_MAX_BYTES = 1024 * 1024 };

/* Drives the run when nobody does, so that what was said takes effect. */
static CliExit go_on(Cli *cli, CliAsk *ask, const char *what)
{
    if (json_get_bool(ask->head, "alive", false) || cli_flag(cli, "detach")) {
        fprintf(stderr, "%s of run %" PRId64 " is told\n", what, ask->run);
        return CLI_OK;
    }
    return cli_ask_drive(cli, &ask->context, ask->run, json_get_int(ask->head, "last_seq", 0));
}

/* ------------------------------------------------------------------ did it happen? */

static bool send_answer(Cli *cli, CliAsk *ask, Error *err)
{
    const json_t *reason = json_object_get(ask->head, "reason");
    const char *path = cli_argument(cli, 1);
    const char *said = cli_argument(cli, 2);
    const char *message = cli_option(cli, "message");
    if (!text_equal(said, "yes") && !text_equal(said, "no"))
        return error_set(err, ERROR_INPUT,
                         "answer yes (it has happened) or no (do it again); of a manual step or a "
                         "box of a check-list: done");
    bool asked = text_equal(json_get_string(reason, "kind", ""), "did_it_happen") &&
                 text_equal(json_get_string(reason, "path", ""), path);
    if (!asked)
        return error_set(err, ERROR_CONFLICT, "run %" PRId64 " does not ask about \"%s\" now",
                         ask->run, path);
    AUTO(base_free)
    char *note =
        base_printf("%s%s%s", said, message == NULL ? "" : ": ", message == NULL ? "" : message);
    LedgerParams params = {0};
    ledger_param_int(&params, ask->run);
    ledger_param_text(&params, path);
    ledger_param_int(&params, json_get_int(reason, "item", 0));
    ledger_param_text(&params, note);
    ledger_param_text(&params, ask->context.person);
    AUTO(json_auto) json_t *via = cli_context_via(&ask->context);
    ledger_param_json(&params, via);
    return ledger_call(ask->state, "server_answer_add", &params, NULL, err);
}

/* ------------------------------------------------------------------ a person has done it */

/* Of a check-list somebody says which box: a forgotten option must not tick the first. */
static bool check_box(const json_t *page, const char *path, const char *item, Error *err)
{
    size_t i = 0;
    json_t *step = NULL;
    json_array_foreach (json_object_get(page, "steps"), i, step) {
        bool list = text_equal(json_get_string(step, "kind", ""), "checklist");
        if (item == NULL && list && text_equal(json_get_string(step, "path", ""), path))
            return error_set(err, ERROR_INPUT, "\"%s\" is a check-list: say which box, --item N",
                             path);
    }
    return true;
}

/* Who may say it is decided where people are known: by the supervisor. */
static bool send_done(Cli *cli, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *page = NULL;
    AUTO(json_auto) json_t *answer = NULL;
    AUTO(json_auto) json_t *body = json_object();
    CliApi api;
    const char *run = cli_api_run(cli_argument(cli, 0));
    const char *item = cli_option(cli, "item");
    const CliNumber items = {.option = "item", .otherwise = 1, .least = 1, .most = INT64_MAX};
    int64_t number = 0;
    if (!cli_option_number(cli, &items, &number, err))
        return false;
    json_set_string(body, "path", cli_argument(cli, 1));
    json_object_set_new(body, "item", json_integer(number - 1));
    json_set_string(body, "note",
                    cli_option(cli, "message") == NULL ? "" : cli_option(cli, "message"));
    CliApiCall look = {.method = "GET", .path = arena_printf(arena, "/api/runs/%s", run)};
    CliApiCall act = {
        .method = "POST", .path = arena_printf(arena, "/api/runs/%s/answers", run), .body = body};
    if (!cli_api_open(cli, arena, &api, err) || !cli_api_call(&api, &look, &page, err) ||
        !check_box(page, cli_argument(cli, 1), item, err) ||
        !cli_api_call(&api, &act, &answer, err))
        return false;
    printf("\"%s\" of run %s is told as done\n", cli_argument(cli, 1), run);
    return true;
}

CliExit cli_answer(Cli *cli)
{
    Error err = {0};
    if (text_equal(cli_argument(cli, 2), "done"))
        return send_done(cli, &err) ? CLI_OK : cli_fail(&err);
    CliAsk ask = {0};
    bool ok = cli_ask_open(cli, &ask, &err) && send_answer(cli, &ask, &err);
    CliExit code = ok ? go_on(cli, &ask, "the answer") : cli_fail(&err);
    cli_ask_done(&ask);
    return code;
}

/* ------------------------------------------------------------------ a blocked rollback */

static bool check_blocked(Cli *cli, const CliAsk *ask, json_t *body, Error *err)
{
    const char *state = json_get_string(ask->head, "state", "");
    json_set_string(body, "path", cli_argument(cli, 1));
    return text_equal(state, "rollback_blocked") ||
           error_set(err, ERROR_REFUSED,
                     "run %" PRId64 " is %s: only a rollback that is blocked can be mended",
                     ask->run, state);
}

/* What opens a gate of its own: check says whether it makes sense now, and completes the body. */
static CliExit ask_gate(Cli *cli, const char *kind, json_t *body,
                        bool (*check)(Cli *cli, const CliAsk *ask, json_t *body, Error *err))
{
    Error err = {0};
    CliAsk ask = {0};
    bool ok = cli_ask_open(cli, &ask, &err) && check(cli, &ask, body, &err) &&
              cli_ask_request(&ask, kind, body, &err);
    if (ok && !ask.context.environment->gates_auto)
        fprintf(stderr, "it needs approval: headgate approve %" PRId64 " \"%s/%s\"\n", ask.run,
                json_get_string(body, "path", ""), kind);
    CliExit code = ok ? go_on(cli, &ask, kind) : cli_fail(&err);
    cli_ask_done(&ask);
    return code;
}

CliExit cli_skip(Cli *cli)
{
    AUTO(json_auto) json_t *body = json_object();
    Error err = {0};
    if (cli_option(cli, "reason") == NULL) {
        error_set(&err, ERROR_INPUT, "say why it can stay as it is: --reason TEXT");
        return cli_fail(&err);
    }
    json_set_string(body, "why", cli_option(cli, "reason"));
    return ask_gate(cli, "skip", body, check_blocked);
}

CliExit cli_repair(Cli *cli)
{
    AUTO(json_auto) json_t *body = json_object();
    const char *why = cli_option(cli, "message");
    Error err = {0};
    if (cli_option(cli, "sql") == NULL) {
        error_set(&err, ERROR_INPUT, "say what to run instead of its undo: --sql FILE");
        return cli_fail(&err);
    }
    json_set_string(body, "why", why == NULL ? "" : why);
    if (!cli_param_file(cli_option(cli, "sql"), SQL_MAX_BYTES, "sql", body, &err))
        return cli_fail(&err);
    return ask_gate(cli, "repair", body, check_blocked);
}

/* ------------------------------------------------------------------ the watch of a stage */

static bool check_watched(Cli *cli, const CliAsk *ask, json_t *body, Error *err)
{
    char next[512];
    const json_t *reason = json_object_get(ask->head, "reason");
    const char *state = json_get_string(ask->head, "state", "");
    const char *path = json_get_string(reason, "path", "");
    const char *stage = cli_argument(cli, 1);
    bool watched =
        text_equal(state, "watching") && text_equal(json_get_string(reason, "kind", ""), "watch");
    json_set_string(body, "path", path);
    if (watched && (stage == NULL || text_equal(stage, path)))
        return true;
    if (watched)
        error_set(err, ERROR_REFUSED, "\"%.200s\" is not watched: \"%s\" is", stage, path);
    else
        error_set(err, ERROR_REFUSED,
                  "run %" PRId64 " is %s: only a stage that is watched can be ended early",
                  ask->run, state);
    run_next_commands(run_state_parse(state), ask->head, ask->run, next, sizeof(next));
    return error_hint(err, "%s", next);
}

CliExit cli_advance(Cli *cli)
{
    AUTO(json_auto) json_t *body = json_object();
    Error err = {0};
    if (text_empty(cli_option(cli, "message"))) {
        error_set(&err, ERROR_INPUT,
                  "say why the watch need not last its time: --message WHY; approvers read it");
        return cli_fail(&err);
    }
    json_set_string(body, "why", cli_option(cli, "message"));
    return ask_gate(cli, "advance", body, check_watched);
}
