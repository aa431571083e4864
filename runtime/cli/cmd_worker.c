/* worker: joins the row work of a run. This process has no Lua: it looks for work and starts
 * workers for it, as the run's own runner does (data/crew.h), wherever it runs. */
#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "data/crew.h"
#include "db/sql.h"
#include "ledger/run.h"
#include "run/state.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 500, GRACE_MS = 10000, FAILURES_MAX = 3 };

/* What there is to do. */
typedef struct Work {
    int64_t epoch;
    char step[512];
    int64_t ranges; /* that nobody works on */
} Work;

typedef struct Join {
    Cli *cli;
    CliContext context;
    const ConfigTarget *target;
    int64_t run;
    int workers;
    DbConn *state;
    DbConn *conn; /* to the target */
    char prefix[32];
    const char *argv[24];
    size_t argv_count; /* without step and epoch */
    char epoch_text[24];
    Work now; /* what the crew works on */
    DataCrew crew;
    int failures;
    bool over;
} Join;

/* ------------------------------------------------------------------ looking for work */

static bool connect_both(Join *join, Error *err)
{
    if (join->state != NULL && db_usable(join->state) && join->conn != NULL &&
        db_usable(join->conn))
        return true;
    db_close(join->state);
    db_close(join->conn);
    join->state = join->conn = NULL;
    return cli_context_connect(join->cli, &join->context, false, &join->state, err) &&
           cli_context_target(join->cli, join->target, true, &join->conn, err);
}

static bool look(Join *join, Work *ret_work, Error *err)
{
    AUTO(json_auto) json_t *head = NULL;
    AUTO(db_result_auto) DbResult *rows = NULL;
    char run[24];
    *ret_work = (Work){0};
    snprintf(run, sizeof(run), "%" PRId64, join->run);
    if (!connect_both(join, err) || !ledger_run_read(join->state, join->run, &head, err) ||
        !db_query_prepared(join->conn, db_sql("join_work"), DB_PARAMS(run), &rows, err))
        return false;
    RunState state = run_state_parse(json_get_string(head, "state", ""));
    join->over = run_state_rest(state) == RUN_ENDED;
    if (db_rows(rows) == 0)
        return true;
    ret_work->epoch = db_int(rows, 0, 0);
    snprintf(ret_work->step, sizeof(ret_work->step), "%s", db_value(rows, 0, 1));
    ret_work->ranges = db_int(rows, 0, 2);
    return true;
}

/* ------------------------------------------------------------------ the crew */

static void base_argv(Join *join)
{
    const CliContext *context = &join->context;
    size_t n = 0;
    join->argv[n++] = join->cli->program;
    join->argv[n++] = "rows";
    join->argv[n++] = cli_argument(join->cli, 0);
    join->argv[n++] = "--env";
    join->argv[n++] = context->environment->name;
    if (context->config_path != NULL) {
        join->argv[n++] = "--config";
        join->argv[n++] = context->config_path;
    }
    join->argv[n++] = "--joined";
    join->argv_count = n;
}

/* A crew works for one step and one epoch; it must be empty when that changes. */
static void turn_to(Join *join, const Work *work)
{
    size_t n = join->argv_count;
    join->now = *work;
    snprintf(join->epoch_text, sizeof(join->epoch_text), "%" PRId64, work->epoch);
    join->argv[n++] = "--step";
    join->argv[n++] = join->now.step;
    join->argv[n++] = "--epoch";
    join->argv[n++] = join->epoch_text;
    join->argv[n++] = "--name";
    join->argv[n] = NULL;
    unsigned started = join->crew.started;
    data_crew_init(&join->crew, join->cli->loop, join->argv, work->epoch);
    join->crew.prefix = join->prefix;
    join->crew.started = started;
}

/* A worker that failed says why; one that lost its connection, or whose run has another epoch, is
 * followed by another. */
static bool reap(Join *join, Error *err)
{
    DataCrewPlace *place;
    while ((place = data_crew_ended(&join->crew)) != NULL) {
        Error why = data_crew_why(place);
        data_crew_bury(place);
        bool again = why.kind == ERROR_NONE || why.kind == ERROR_UNREACHABLE ||
                     why.kind == ERROR_FENCED || why.kind == ERROR_CONFLICT;
        join->failures = why.kind == ERROR_NONE ? 0 : join->failures + !again;
        if (!again)
            log_warn("a worker failed: %s", why.message);
        if (join->failures >= FAILURES_MAX) {
            *err = why;
            return false;
        }
    }
    return true;
}

static bool staff(Join *join, const Work *work, Error *err)
{
    bool other = work->epoch != join->now.epoch || !text_equal(work->step, join->now.step);
    int size = data_crew_size(&join->crew);
    if (work->ranges == 0 || (other && size > 0))
        return true;
    if (other)
        turn_to(join, work);
    for (int64_t free = work->ranges; size < join->workers && free > 0; size++, free--) {
        if (!data_crew_start_one(&join->crew, err))
            return false;
        fprintf(stderr, "a worker joins \"%s\" of run %" PRId64 "\n", work->step, join->run);
    }
    return true;
}

static bool turn(Join *join, Error *err)
{
    Work work;
    Error lost = {0};
    if (!reap(join, err))
        return false;
    if (!look(join, &work, &lost)) {
        if (lost.kind != ERROR_UNREACHABLE) {
            *err = lost;
            return false;
        }
        log_warn("%s", lost.message);
        return true;
    }
    return join->over || staff(join, &work, err);
}

static bool join_until_over(Join *join, Error *err)
{
    bool ok = true;
    while (ok && !join->over && join->cli->signals == 0) {
        ok = turn(join, err);
        if (ok && !join->over && join->cli->signals == 0)
            fiber_event_wait(&join->cli->signalled, LOOK_MS);
    }
    data_crew_end(&join->crew, SIGTERM, GRACE_MS);
    return ok;
}

static bool join_open(Join *join, Error *err)
{
    char host[20] = "";
    const CliNumber number = {
        .option = "workers", .otherwise = 1, .least = 1, .most = BOUND_WORKERS};
    int64_t workers = 0;
    if (!cli_option_number(join->cli, &number, &workers, err))
        return false;
    join->workers = (int)workers;
    if (gethostname(host, sizeof(host)) != 0)
        snprintf(host, sizeof(host), "?");
    host[sizeof(host) - 1] = '\0';
    snprintf(join->prefix, sizeof(join->prefix), "%.16s/%d/", host, (int)getpid());
    if (!cli_context_open(join->cli, NULL, &join->context, err) ||
        !cli_context_connect(join->cli, &join->context, false, &join->state, err) ||
        !cli_context_run(join->state, cli_argument(join->cli, 0), &join->run, err) ||
        !cli_context_run_target(join->cli, &join->context, join->run, &join->target, err))
        return false;
    base_argv(join);
    data_crew_init(&join->crew, join->cli->loop, join->argv, 0);
    return true;
}

CliExit cli_worker(Cli *cli)
{
    Error err = {0};
    Join join = {.cli = cli};
    log_set_process("worker");
    bool ok = join_open(&join, &err) && join_until_over(&join, &err);
    db_close(join.state);
    db_close(join.conn);
    CliExit code = ok ? CLI_OK : cli_fail(&err);
    if (join.context.arena != NULL)
        cli_context_done(&join.context);
    return code;
}
