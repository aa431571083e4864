/* status, watch, log: looking at runs. */
#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/line.h"
#include "cli/param.h"
#include "cli/steps.h"
#include "ledger/run.h"
#include "run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 4096, LOG_PAGE = 1000 };

typedef struct Look {
    CliContext context;
    DbConn *state;
    int64_t run;
    json_t *head;
} Look;

static bool look_open(Cli *cli, Look *look, bool one, Error *err)
{
    if (!cli_context_open(cli, NULL, &look->context, err) ||
        !cli_context_connect(cli, &look->context, false, &look->state, err))
        return false;
    if (!one && cli_argument(cli, 0) == NULL)
        return true;
    return cli_context_run(look->state, cli_argument(cli, 0), &look->run, err) &&
           ledger_run_read(look->state, look->run, &look->head, err);
}

static void look_done(Look *look)
{
    json_decref(look->head);
    db_close(look->state);
    if (look->context.arena != NULL)
        cli_context_done(&look->context);
}

static void print_row(const json_t *row)
{
    const json_t *waits = json_object_get(row, "waits");
    const char *text =
        json_get_string(json_is_object(waits) ? waits : json_object_get(row, "reason"), "text", "");
    printf("%6" PRId64 "  %-20s %-12s %-16s %.19sZ  %s\n", json_get_int(row, "id", 0),
           json_get_string(row, "plan_name", ""), json_get_string(row, "environment", ""),
           json_get_string(row, "state", ""), json_get_string(row, "created_at", ""), text);
}

static bool status_all(Cli *cli, Look *look, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(look->state, "run_list", NULL, &rows, err))
        return false;
    if (cli_flag(cli, "json")) {
        cli_print_json(rows);
        return true;
    }
    if (json_array_size(rows) == 0)
        puts("no runs yet: headgate run PLAN");
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (rows, i, row)
        print_row(row);
    return true;
}

/* What the step at work waits for, beside the state of its run. */
static void print_waits(const json_t *waits)
{
    if (json_is_object(waits))
        printf("        %s waits since %.19sZ, until %.19sZ at most: then the step fails\n",
               json_get_string(waits, "path", ""), json_get_string(waits, "since", ""),
               json_get_string(waits, "expires", ""));
}

/* A gate, say, that nobody passed before the run was taken back stays in the ledger as it was. */
static const char *state_shown(RunState run, const json_t *step)
{
    const char *state = json_get_string(step, "state", "");
    bool begun = text_equal(state, "running") || text_equal(state, "intent");
    bool over = run != RUN_STATES && run_state_rest(run) == RUN_ENDED;
    return begun && over ? "given up" : state;
}

/* A gate's clock. */
static void print_expires(const json_t *reason)
{
    const char *expires = json_get_string(reason, "expires", NULL);
    const char *then = json_get_string(reason, "on_expire", NULL);
    if (expires != NULL)
        printf("        expires at %.19sZ%s%s\n", expires,
               then == NULL ? "" : ", then: ", then == NULL ? "" : then);
}

static void print_one(const Look *look, const json_t *steps, const Error *why)
{
    char next[1024];
    RunState state = run_state_parse(json_get_string(look->head, "state", ""));
    print_row(look->head);
    cli_param_print(stdout, json_object_get(look->head, "params"));
    print_waits(json_object_get(look->head, "waits"));
    print_expires(json_object_get(look->head, "reason"));
    size_t i = 0;
    json_t *step = NULL;
    if (steps == NULL)
        printf("        its steps are not known: %s\n", why->message);
    json_array_foreach (steps, i, step) {
        if (json_get_string(step, "path", "")[0] == '\0')
            continue;
        printf("        %-12s %-10s %s", state_shown(state, step),
               json_get_string(step, "kind", ""), json_get_string(step, "path", ""));
        const char *text = json_get_string(json_object_get(step, "detail"), "text", NULL);
        const char *problem = json_get_string(json_object_get(step, "error"), "message", NULL);
        printf("%s%s\n", problem != NULL || text != NULL ? ": " : "",
               problem != NULL ? problem
               : text != NULL  ? text
                               : "");
    }
    bool driven = json_get_bool(look->head, "alive", false);
    if (state != RUN_STATES && run_state_rest(state) == RUN_DRIVES && !driven)
        printf("        nobody drives this run: headgate resume %" PRId64 "\n", look->run);
    if (state != RUN_STATES) {
        run_next_commands(state, look->head, look->run, next, sizeof(next));
        printf("  next: %s\n", next);
    }
}

static bool status_one(Cli *cli, Look *look, Error *err)
{
    AUTO(json_auto) json_t *steps = NULL;
    Error why = {0};
    if (!cli_steps(cli, &look->context, look->state, look->head, &steps, &why, err))
        return false;
    if (!cli_flag(cli, "json")) {
        print_one(look, steps, &why);
        return true;
    }
    json_object_set(look->head, "steps", steps == NULL ? json_null() : steps);
    json_set_string(look->head, "unavailable", steps == NULL ? why.message : NULL);
    cli_print_json(look->head);
    return true;
}

CliExit cli_status(Cli *cli)
{
    Error err = {0};
    Look look = {0};
    bool ok = look_open(cli, &look, false, &err) &&
              (look.head == NULL ? status_all(cli, &look, &err) : status_one(cli, &look, &err));
    look_done(&look);
    return ok ? CLI_OK : cli_fail(&err);
}

static const CliNumber SINCE = {.option = "since", .least = 0, .most = INT64_MAX};

CliExit cli_watch(Cli *cli)
{
    Error err = {0};
    Look look = {0};
    CliExit code = CLI_OK;
    CliFollow follow = {.json = cli_flag(cli, "json")};
    bool ok =
        cli_option_number(cli, &SINCE, &follow.since, &err) && look_open(cli, &look, true, &err);
    follow.run = look.run;
    ok = ok && cli_follow(cli, &look.context, &follow, &code, &err);
    look_done(&look);
    if (!ok)
        return cli_fail(&err);
    return cli_flag(cli, "exit-status") ? code : CLI_OK;
}

static bool wanted(const Cli *cli, const json_t *event)
{
    const char *type = cli_option(cli, "type");
    const char *node = cli_option(cli, "node");
    return (type == NULL || text_equal(type, json_get_string(event, "type", ""))) &&
           (node == NULL || text_equal(node, json_get_string(event, "node", "")));
}

static void print_event(const Cli *cli, const json_t *event)
{
    if (cli_flag(cli, "json")) {
        cli_print_json(event);
        return;
    }
    AUTO(text_done) Text line;
    text_init(&line, LINE_MAX_BYTES);
    cli_line(event, &line);
    printf("%6" PRId64 " %.19sZ %s\n", json_get_int(event, "seq", 0),
           json_get_string(event, "at", ""), text_string(&line));
}

static bool print_log(Cli *cli, Look *look, int64_t since, Error *err)
{
    size_t count = LOG_PAGE;
    while (count == LOG_PAGE) {
        LedgerParams params = {0};
        ledger_param_int(&params, look->run);
        ledger_param_int(&params, since);
        ledger_param_int(&params, LOG_PAGE);
        AUTO(json_auto) json_t *events = NULL;
        if (!ledger_call_json(look->state, "event_page", &params, &events, err))
            return false;
        size_t i = 0;
        json_t *event = NULL;
        json_array_foreach (events, i, event) {
            if (wanted(cli, event))
                print_event(cli, event);
            since = json_get_int(event, "seq", since);
        }
        count = json_array_size(events);
    }
    return true;
}

CliExit cli_log(Cli *cli)
{
    if (cli_flag(cli, "follow"))
        return cli_watch(cli);
    Error err = {0};
    Look look = {0};
    int64_t since = 0;
    bool ok = cli_option_number(cli, &SINCE, &since, &err) && look_open(cli, &look, true, &err) &&
              print_log(cli, &look, since, &err);
    look_done(&look);
    return ok ? CLI_OK : cli_fail(&err);
}
