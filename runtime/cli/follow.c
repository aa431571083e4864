/* From events to lines on a terminal or in a log. */
#include "cli/follow.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "cli/line.h"
#include "ledger/run.h"
#include "run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    POLL_MS = 500,
    LINE_MAX_BYTES = 4096,
    AWAY_US = 3000000, ///< a database that is away so long is not waited for against a signal
};

CliExit cli_follow_exit(const char *state)
{
    static const struct {
        const char *state;
        CliExit exit;
    } EXITS[] = {
        {"done", CLI_OK},
        {"rolled_back", CLI_ROLLED_BACK},
        {"rollback_blocked", CLI_ROLLBACK_FAILED},
        {"failed", CLI_FAILED},
        {"aborted", CLI_FAILED},
        {"paused", CLI_INTERRUPTED},
        {"waiting", CLI_AT_GATE},
    };
    for (size_t i = 0; i < COUNT_OF(EXITS); i++) {
        if (text_equal(EXITS[i].state, state))
            return EXITS[i].exit;
    }
    return CLI_OK;
}

/* Between two statements of a step the ledger keeps what is done; the step stays as it is. */
static bool says_nothing(const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    const char *to = json_get_string(data, "to", "");
    return text_equal(json_get_string(event, "type", ""), "step.state") &&
           text_equal(json_get_string(data, "from", NULL), to) &&
           (text_equal(to, "intent") || text_equal(to, "undoing"));
}

/* A command on its way through the events of a run. */
typedef struct Following {
    Cli *cli;
    const CliContext *context;
    CliFollow *follow;
    DbConn *state; /* NULL: not connected */
    FiberEvent *wake;
    json_t *head; /* as it was read last */
    bool over;    /* the last line is overwritten by the next */
    int heard;    /* signals */
    int64_t away_since_us;
} Following;

static void print_event(Following *following, const json_t *event)
{
    const CliFollow *follow = following->follow;
    if (follow->json) {
        cli_print_json(event);
        return;
    }
    if (follow->quiet || says_nothing(event))
        return;
    bool terminal = isatty(STDOUT_FILENO) == 1;
    bool passing = cli_line_passes(event);
    AUTO(text_done) Text text;
    text_init(&text, LINE_MAX_BYTES);
    cli_line(event, &text);
    if (terminal)
        printf("%s%s%s", following->over ? "\r\033[K" : "", text_string(&text),
               passing ? "" : "\n");
    else
        printf("%.19sZ %s\n", json_get_string(event, "at", ""), text_string(&text));
    following->over = terminal && passing;
}

/* ------------------------------------------------------------------ following */

/* *ret_look: the run's head may have changed. Every change of its state is an event; where nothing
 * came the head is looked at too, for who drives the run may be gone. */
static bool print_new(Following *following, bool *ret_look, Error *err)
{
    CliFollow *follow = following->follow;
    size_t count = BOUND_EVENT_PAGE;
    int64_t before = follow->since;
    *ret_look = false;
    while (count == BOUND_EVENT_PAGE) {
        LedgerParams params = {0};
        ledger_param_int(&params, follow->run);
        ledger_param_int(&params, follow->since);
        ledger_param_int(&params, BOUND_EVENT_PAGE);
        AUTO(json_auto) json_t *events = NULL;
        if (!ledger_call_json(following->state, "event_page", &params, &events, err))
            return false;
        size_t i = 0;
        json_t *event = NULL;
        json_array_foreach (events, i, event) {
            print_event(following, event);
            *ret_look = *ret_look || text_equal(json_get_string(event, "type", ""), "run.state");
            follow->since = json_get_int(event, "seq", follow->since);
        }
        count = json_array_size(events);
    }
    *ret_look = *ret_look || follow->since == before;
    fflush(stdout);
    return true;
}

/* Prints what is new; the head is read again where it may have changed, and if must is set. */
static bool look(Following *following, bool must, Error *err)
{
    bool changed = false;
    if (!print_new(following, &changed, err))
        return false;
    if (following->head != NULL && !changed && !must)
        return true;
    json_decref(following->head);
    following->head = NULL;
    return ledger_run_read(following->state, following->follow->run, &following->head, err);
}

static void say_how_to_go_on(const json_t *head, int64_t run)
{
    char next[1024];
    RunState state = run_state_parse(json_get_string(head, "state", ""));
    const char *why = json_get_string(json_object_get(head, "reason"), "text", "");
    if (state == RUN_STATES)
        return;
    run_next_commands(state, head, run, next, sizeof(next));
    fprintf(stderr, "run %" PRId64 " is %s%s%s\n  next: %s\n", run, run_state_name(state),
            text_empty(why) ? "" : ": ", why, next);
}

static bool runner_ended(const CliFollow *follow)
{
    CliExit ignored;
    return follow->runner != NULL && cli_launch_ended(follow->runner, &ignored);
}

static bool drives(const json_t *head)
{
    return run_state_rest(run_state_parse(json_get_string(head, "state", ""))) == RUN_DRIVES;
}

/* ended: the runner had ended before head was read. */
static bool settled(const Following *following, bool ended)
{
    const CliFollow *follow = following->follow;
    const char *state = json_get_string(following->head, "state", "");
    bool rests = !drives(following->head);
    bool at_gate = follow->stop_at_gate && text_equal(state, "waiting");
    bool detached = follow->runner == NULL && following->cli->signals > 0;
    return (rests && follow->runner == NULL) || at_gate || ended || detached;
}

/* A run that waits says by its exit code for whom. */
static CliExit exit_of(const json_t *head)
{
    CliExit code = cli_follow_exit(json_get_string(head, "state", ""));
    const char *kind = json_get_string(json_object_get(head, "reason"), "kind", "");
    return code == CLI_AT_GATE && text_equal(kind, "review") ? CLI_NEEDS_REVIEW : code;
}

/* First Ctrl-C: finish the batch and pause. Watching only: just leave. */
static void hear_signals(Following *following)
{
    CliRunner *runner = following->follow->runner;
    if (following->cli->signals == following->heard || runner == NULL)
        return;
    following->heard = following->cli->signals;
    fputs("\npausing after this batch …\n", stderr);
    cli_launch_pause(runner);
}

/* The database went away while the run is driven. False: whoever follows it wants no more of it. */
static bool wait_for_database(Following *following, const Error *why)
{
    Cli *cli = following->cli;
    int64_t now_us = clock_monotonic_us();
    unsigned seen = cli->signalled.broadcasts;
    if (following->away_since_us == 0) {
        following->away_since_us = now_us;
        fprintf(stderr,
                "\nthe state database cannot be reached: %s\n  waiting for it; Ctrl-C leaves the "
                "run as it is\n",
                why->message);
    }
    if (cli->signals > 0 && now_us - following->away_since_us >= AWAY_US)
        return false;
    fiber_event_wait_beyond(&cli->signalled, seen, POLL_MS);
    return true;
}

/* No pause can be stored; what is done is in the ledger, as after a crash. */
static void leave(const CliFollow *follow)
{
    cli_launch_end(follow->runner);
    fprintf(stderr,
            "run %" PRId64
            " is left as it is: without its database no pause can be stored\n  next: "
            "headgate resume %" PRId64 ", when the database is back\n",
            follow->run, follow->run);
}

/* Its runners die before they can pause: whoever drives it next is asked to. */
static bool leave_pausing(const Following *following, Error *err)
{
    int64_t run = following->follow->run;
    AUTO(json_auto) json_t *body = json_object();
    AUTO(json_auto) json_t *via = cli_context_via(following->context);
    json_set_string(body, "why", "signal");
    if (!ledger_request_add(following->state, run, "pause", body, following->context->person, via,
                            err))
        return false;
    fprintf(stderr,
            "run %" PRId64 " is left as it is: its runners cannot work now; a pause is asked\n  "
            "next: headgate resume %" PRId64 "\n",
            run, run);
    return true;
}

/* The last that is said. ended: as settled() was told. */
static bool conclude(Following *following, bool ended, CliExit *ret_exit, Error *err)
{
    const CliFollow *follow = following->follow;
    const json_t *head = following->head;
    bool ignored = false;
    bool ok = print_new(following, &ignored, err);
    *ret_exit = exit_of(head);
    if (following->over)
        putchar('\n');
    if (ok && ended && following->cli->signals > 0 && drives(head)) {
        *ret_exit = CLI_INTERRUPTED;
        return leave_pausing(following, err);
    }
    if (!follow->json)
        say_how_to_go_on(head, follow->run);
    return ok;
}

/* *ret_left: the database is away, and nobody waits for it any more. */
static bool lost(Following *following, bool *ret_left, Error *err)
{
    *ret_left = false;
    if (err->kind != ERROR_UNREACHABLE || following->follow->runner == NULL)
        return false;
    db_close(following->state);
    following->state = NULL;
    *ret_left = !wait_for_database(following, err);
    if (*ret_left)
        leave(following->follow);
    return true;
}

static bool connect(Following *following, Error *err)
{
    if (following->state != NULL && db_usable(following->state))
        return true;
    db_close(following->state);
    following->state = NULL;
    return cli_context_connect(following->cli, following->context, false, &following->state, err) &&
           db_listen(following->state, "headgate", following->wake, err);
}

static void say_back(Following *following)
{
    if (following->away_since_us != 0)
        fputs("the state database is back\n", stderr);
    following->away_since_us = 0;
}

static bool follow_run(Following *following, CliExit *ret_exit, Error *err)
{
    const CliFollow *follow = following->follow;
    while (true) {
        bool left = false;
        bool connected = connect(following, err);
        hear_signals(following);
        bool ended = runner_ended(follow);
        if (!connected || !look(following, ended, err)) {
            if (!lost(following, &left, err))
                return false;
            if (!left)
                continue;
            *ret_exit = CLI_INTERRUPTED;
            return true;
        }
        say_back(following);
        if (settled(following, ended))
            return conclude(following, ended, ret_exit, err);
        bool rests = !drives(following->head) && follow->runner != NULL;
        fiber_event_wait(rests ? cli_launch_event(follow->runner) : following->wake, POLL_MS);
    }
}

bool cli_follow(Cli *cli, const CliContext *context, CliFollow *follow, CliExit *ret_exit,
                Error *err)
{
    Following following = {.cli = cli, .context = context, .follow = follow};
    following.wake = base_alloc(sizeof(*following.wake));
    bool ok = follow_run(&following, ret_exit, err);
    db_close(following.state);
    json_decref(following.head);
    base_free(&following.wake);
    return ok;
}
