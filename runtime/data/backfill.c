/* Ranges, crew, passes. */
#include "data/backfill.h"

#include "base/clock.h"
#include "data/batch.h"
#include "data/crew.h"
#include "data/import.h"
#include "data/range.h"
#include "data/staffing.h"
#include "data/sync.h"
#include "data/undo.h"
#include "ledger/fence.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    POLL_MS = 250,
    GRACE_MS = 10000,        /* a batch in hand may last BOUND_BATCH_LIMIT_MS */
    COUNT_EXACTLY = 2000000, /* larger tables: the planner's estimate is the total */
    ROWS_FOR_TWO = 5000,     /* below it a second process costs more than it brings */
    BYTES_FOR_TWO = 4000000, /* the same of files */
    AUTO_WORKERS = 2,
    GONE_EVERY_US = 1000000,
};

typedef struct Backfill {
    const DataBackfillHooks *hooks;
    DbConn *conn;
    Arena *arena;
    DataJob job;
    DataCrew crew;
    DataStaffing staffing;
    int joined; /* workers that are not ours, at the last turn */
    bool stopping;
    int failures;             /* workers that ended badly since the last progress */
    int64_t failures_batches; /* batches at that time */
    DataProgressSum sum;
    DataProgress progress;
    int64_t bytes_done; /* of an import's files */
    int64_t bytes_total;
    int passes_before; /* that others made: after a hold ours are counted anew */
    int64_t pass_rows; /* rows dealt with when the pass began; < 0 = before our time */
    int64_t pass_began_us;
    int64_t rate_at_us;
    int64_t rate_done;
    int64_t gone_looked_us;
    DataEta eta;
    bool rests;
    bool counted; /* how many rows there are is known as well as it will be */
} Backfill;

static int64_t rows_done(const DataProgressSum *sum)
{
    return sum->counts.changed + sum->counts.skipped + sum->counts.queued;
}

/* ---------------------------------------------------------------- questions about the table */

static bool is_import(const Backfill *backfill)
{
    return backfill->job.spec->import != NULL;
}

/* How many records files hold is known when they are read; before, from the bytes so far. */
static bool guess_total(Backfill *backfill, Error *err)
{
    int64_t done = rows_done(&backfill->sum);
    if (!is_import(backfill))
        return true;
    if (!data_import_bytes(&backfill->job, backfill->conn, &backfill->bytes_done,
                           &backfill->bytes_total, err))
        return false;
    backfill->progress.total = backfill->bytes_done == 0
                                   ? done
                                   : (int64_t)((double)done * (double)backfill->bytes_total /
                                               (double)backfill->bytes_done);
    return true;
}

static bool read_sum(Backfill *backfill, Error *err)
{
    return data_cursor_sum(&backfill->job, backfill->conn, &backfill->sum, err) &&
           guess_total(backfill, err);
}

/* One value, read under the spec's role, in a transaction that the caller ends. */
static bool ask(Backfill *backfill, const char *name, DbResult **ret_result, Error *err)
{
    const DataJob *job = &backfill->job;
    DataParts parts = {0};
    data_parts_set(&parts, "source", job->source);
    data_parts_set(&parts, "where", job->where);
    bool ok = data_job_role_on(job, backfill->conn, err) &&
              db_query(backfill->conn, data_statement(backfill->arena, name, &parts), NULL,
                       ret_result, err);
    return ok || error_wrap(err, "reading %s", job->table.shown);
}

/* Once the crew is at work: counting a million rows takes as long as writing ten thousand. What was
 * done and what is left are of one snapshot. */
static bool count_total(Backfill *backfill, Error *err)
{
    bool counts = !backfill->counted && !is_import(backfill) /* guess_total() */ &&
                  backfill->job.table.rows_estimate <= COUNT_EXACTLY;
    AUTO(db_result_auto) DbResult *result = NULL;
    backfill->counted = true;
    if (!counts)
        return true;
    bool ok = db_begin_snapshot(backfill->conn, err) && read_sum(backfill, err) &&
              ask(backfill, "data_count", &result, err);
    db_rollback(backfill->conn);
    if (!ok)
        return false;
    backfill->progress.total = rows_done(&backfill->sum) + db_int(result, 0, 0);
    return true;
}

/* ---------------------------------------------------------------- the start */

static bool create_ranges(Backfill *backfill, Error *err)
{
    char ***keys = NULL;
    size_t count = 0;
    const DataJob *job = &backfill->job;
    if (is_import(backfill))
        return data_import_ranges(job, backfill->conn, &backfill->bytes_total, err);
    int workers = data_staffing_wanted(&backfill->staffing);
    bool may_grow = workers > 1 && backfill->staffing.most > workers;
    int ranges = data_range_count(job->table.rows_estimate, may_grow ? 2 * workers : workers);
    if (!data_job_role_on(job, backfill->conn, err) ||
        !data_range_split(job, backfill->conn, ranges, backfill->arena, &keys, &count, err) ||
        !data_job_role_off(job, backfill->conn, err))
        return false;
    for (size_t i = 0; i <= count; i++) {
        const char *const *lower = i == 0 ? NULL : (const char *const *)keys[i - 1];
        const char *const *upper = i == count ? NULL : (const char *const *)keys[i];
        if (!data_cursor_create(job, backfill->conn, (int)i, lower, upper, err))
            return false;
    }
    return true;
}

static bool begin_step(Backfill *backfill, Error *err)
{
    AUTO(json_auto) json_t *drops = NULL;
    const DataBackfillHooks *hooks = backfill->hooks;
    return data_undo_forget(&backfill->job, backfill->conn, err) &&
           data_sync_install(&backfill->job, backfill->conn, &drops, err) &&
           create_ranges(backfill, err) &&
           (hooks->begin == NULL || hooks->begin(hooks->ctx, backfill->conn, drops, err));
}

/* In one transaction: what keeps new rows right, the ranges, and the engine's own row. */
static bool begin(Backfill *backfill, Error *err)
{
    const DataJobOptions *options = &backfill->job.options;
    if (!ledger_fence_begin(backfill->conn, options->run, options->epoch, err) ||
        !begin_step(backfill, err)) {
        db_rollback(backfill->conn);
        return false;
    }
    return db_commit(backfill->conn, err);
}

static void choose_workers(Backfill *backfill)
{
    int wanted = backfill->job.spec->workers;
    bool small = is_import(backfill) ? backfill->bytes_total < BYTES_FOR_TWO
                                     : backfill->job.table.rows_estimate < ROWS_FOR_TWO;
    int first = wanted > 0 ? wanted : small ? 1 : AUTO_WORKERS;
    first = first < BOUND_WORKERS ? first : BOUND_WORKERS;
    data_staffing_init(&backfill->staffing, first, wanted > 0 ? first : 1,
                       wanted > 0 ? first : STAFFING_MOST, clock_monotonic_us());
}

static bool open_backfill(Backfill *backfill, const DataSpec *spec, const DataJobOptions *options,
                          Error *err)
{
    if (!data_job_open(backfill->conn, backfill->arena, spec, options, &backfill->job, err) ||
        !read_sum(backfill, err))
        return false;
    backfill->progress.total = backfill->job.table.rows_estimate;
    choose_workers(backfill); /* an import's when its files are known */
    backfill->pass_rows = backfill->sum.ranges == 0 ? 0 : -1;
    backfill->passes_before = backfill->sum.ranges == 0 ? 0 : backfill->sum.pass;
    bool ok = backfill->sum.ranges == 0
                  ? begin(backfill, err)
                  : data_cursor_release(&backfill->job, backfill->conn, NULL, err);
    if (!ok || !read_sum(backfill, err))
        return false;
    choose_workers(backfill);
    return true;
}

/* ---------------------------------------------------------------- progress */

static void update_rate(Backfill *backfill)
{
    enum { SMOOTH_US = 3000000 };
    DataProgress *progress = &backfill->progress;
    int64_t now_us = clock_monotonic_us();
    double elapsed_us = (double)(now_us - backfill->rate_at_us);
    if (elapsed_us < POLL_MS * 500)
        return;
    double rate = (double)(progress->done - backfill->rate_done) * 1e6 / elapsed_us;
    double weight = progress->rows_per_s <= 0 ? 1 : elapsed_us / (elapsed_us + SMOOTH_US);
    progress->rows_per_s += (rate - progress->rows_per_s) * weight;
    backfill->rate_at_us = now_us;
    backfill->rate_done = progress->done;
}

/* Where the total is counted it is the table's; an estimate, or a guess from the files' bytes, is
 * not. */
static void update_eta(Backfill *backfill)
{
    DataProgress *progress = &backfill->progress;
    int64_t now_us = clock_monotonic_us();
    bool estimated = is_import(backfill) || backfill->job.table.rows_estimate > COUNT_EXACTLY;
    if (backfill->rests) {
        data_eta_skip(&backfill->eta, now_us, progress->done);
        progress->left = ETA_UNKNOWN;
        return;
    }
    data_eta_take(&backfill->eta, now_us, progress->done);
    progress->left = data_eta_left(&backfill->eta, progress->total - progress->done, estimated);
}

static void report(Backfill *backfill)
{
    const DataProgressSum *sum = &backfill->sum;
    DataProgress *progress = &backfill->progress;
    progress->done = rows_done(sum);
    if (progress->total < progress->done)
        progress->total = progress->done;
    progress->counts = sum->counts;
    progress->batches = sum->batches;
    progress->batch_rows = sum->batch_rows;
    progress->pass = sum->pass;
    progress->workers = data_crew_size(&backfill->crew);
    update_rate(backfill);
    update_eta(backfill);
    if (backfill->hooks->progress != NULL)
        backfill->hooks->progress(backfill->hooks->ctx, progress);
}

/* ---------------------------------------------------------------- the crew */

static void pass_on_log(Backfill *backfill, const DataCrewPlace *place)
{
    const char *text = child_stderr(place->child);
    while (backfill->hooks->log != NULL && *text != '\0') {
        size_t bytes = strcspn(text, "\n");
        if (bytes > 0)
            backfill->hooks->log(backfill->hooks->ctx, arena_strndup(backfill->arena, text, bytes));
        text += bytes + (text[bytes] == '\n');
    }
}

/* A worker that died may be followed by another: a crash, a kill, a lost connection, silence. */
static bool may_follow(const Error *why)
{
    return why->kind == ERROR_NONE || why->kind == ERROR_UNREACHABLE || why->kind == ERROR_SCRIPT;
}

/* Nobody sends these: it fell over, and would again. */
static bool crashed(const DataCrewPlace *place)
{
    static const int SIGNALS[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < COUNT_OF(SIGNALS); i++) {
        if (place->exit.signum == SIGNALS[i])
            return true;
    }
    return false;
}

/* By somebody, or by a machine that ran out of memory: the one after it may fare better. */
static bool killed(const DataCrewPlace *place)
{
    return place->exit.signum != 0 && !place->exit.silent && !crashed(place);
}

/* Another runner would only start what is ended again. */
static void give_up(const Backfill *backfill, int signum, Error *why)
{
    error_set(why, ERROR_INTERNAL,
              "workers are ended by signal %d again and again: %d of them without a batch between",
              signum, backfill->failures);
    error_hint(why,
               "see who ends them (dmesg names what ran out of memory; workers = 1 and a smaller "
               "batch need less); then headgate retry %s",
               backfill->job.run_text);
}

static bool look_at(Backfill *backfill, DataCrewPlace *place, Error *err)
{
    Error why = data_crew_why(place);
    bool fell = crashed(place);
    int ended_by = killed(place) ? place->exit.signum : 0;
    int most = ended_by != 0 ? BOUND_WORKER_DEATHS - 1 : BOUND_SCRIPT_RESTARTS;
    bool raised = why.kind == ERROR_SCRIPT && !place->exit.silent;
    bool asked = place->asked;
    pass_on_log(backfill, place);
    bool ok = data_cursor_release(&backfill->job, backfill->conn, place->name, err) &&
              read_sum(backfill, err);
    data_crew_bury(place);
    if (!ok)
        return false;
    const DataProgressSum *sum = &backfill->sum;
    if (backfill->sum.batches > backfill->failures_batches)
        backfill->failures = 0;
    backfill->failures_batches = backfill->sum.batches;
    bool left_some = sum->ranges_done + sum->working < sum->ranges;
    if (why.kind == ERROR_NONE && (!left_some || asked))
        return true;
    if (may_follow(&why) && !raised && ++backfill->failures <= most)
        return true;
    if (ended_by != 0)
        give_up(backfill, ended_by, &why);
    if (why.kind == ERROR_NONE)
        error_set(&why, ERROR_INTERNAL, "workers end without finishing their ranges");
    if (fell) /* not what another runner could mend */
        why.kind = ERROR_INTERNAL;
    *err = why;
    return false;
}

/* Looks at all that ended. */
static bool reap(Backfill *backfill, Error *err)
{
    DataCrewPlace *place;
    while ((place = data_crew_ended(&backfill->crew)) != NULL) {
        if (!look_at(backfill, place, err))
            return false;
    }
    return true;
}

static void tell_trial(const Backfill *backfill)
{
    const DataStaffing *staffing = &backfill->staffing;
    if (backfill->hooks->log == NULL)
        return;
    backfill->hooks->log(backfill->hooks->ctx,
                         arena_printf(backfill->arena,
                                      "workers: %d write %.0f rows/s, %d wrote %.0f; there are %d",
                                      staffing->to, staffing->tried, staffing->from,
                                      staffing->before, staffing->best));
}

/* Workers that are not ours. */
static int joined_workers(const Backfill *backfill)
{
    int64_t others = backfill->sum.working - data_crew_size(&backfill->crew);
    return others > 0 ? (int)others : 0;
}

/* How many there are to be. */
static bool decide_workers(Backfill *backfill, int *ret_workers, Error *err)
{
    const DataBackfillHooks *hooks = backfill->hooks;
    int joined = joined_workers(backfill);
    DataTurn turn = {.workers = data_staffing_wanted(&backfill->staffing),
                     .said = backfill->job.spec->workers > 0,
                     .joined = joined};
    if (hooks->turn != NULL && !hooks->turn(hooks->ctx, &turn, err))
        return false;
    DataStaffingLook look = {.now_us = clock_monotonic_us(),
                             .rows = rows_done(&backfill->sum),
                             .batches = backfill->sum.batches,
                             .workers = data_crew_size(&backfill->crew),
                             .steady = !turn.rests && !turn.held && joined == backfill->joined};
    if (data_staffing_look(&backfill->staffing, &look))
        tell_trial(backfill);
    backfill->rests = turn.rests;
    backfill->joined = joined;
    *ret_workers = turn.workers;
    return true;
}

static bool staff(Backfill *backfill, Error *err)
{
    int most;
    if (!decide_workers(backfill, &most, err))
        return false;
    most = most < 1 ? 1 : most > BOUND_WORKERS ? BOUND_WORKERS : most;
    /* Ranges that nobody works on: those of workers that have joined need none of ours. */
    int64_t open = backfill->sum.ranges - backfill->sum.ranges_done - backfill->sum.working;
    int64_t useful = data_crew_size(&backfill->crew) + open;
    int wanted = useful < most ? (int)useful : most;
    if (data_crew_size(&backfill->crew) > most)
        data_crew_end_one(&backfill->crew);
    while (!backfill->stopping && data_crew_size(&backfill->crew) < wanted) {
        if (!data_crew_start_one(&backfill->crew, err))
            return false;
    }
    return true;
}

/* Looked at only when somebody beside our own crew holds a range. */
static bool release_gone(Backfill *backfill, Error *err)
{
    int64_t now_us = clock_monotonic_us();
    if (joined_workers(backfill) == 0 || now_us - backfill->gone_looked_us < GONE_EVERY_US)
        return true;
    backfill->gone_looked_us = now_us;
    return data_cursor_release_gone(&backfill->job, backfill->conn, err) && read_sum(backfill, err);
}

static void check_stop(Backfill *backfill)
{
    const DataBackfillHooks *hooks = backfill->hooks;
    if (backfill->stopping || hooks->should_stop == NULL || !hooks->should_stop(hooks->ctx))
        return;
    backfill->stopping = true;
    data_crew_end(&backfill->crew, SIGTERM, GRACE_MS);
}

/* ---------------------------------------------------------------- passes */

static bool next_pass(Backfill *backfill, Error *err)
{
    const DataJobOptions *options = &backfill->job.options;
    if (!ledger_fence_begin(backfill->conn, options->run, options->epoch, err) ||
        !data_cursor_pass(&backfill->job, backfill->conn, backfill->sum.pass, err)) {
        db_rollback(backfill->conn);
        return false;
    }
    return db_commit(backfill->conn, err);
}

/* The one that has ended and those before it. */
static int passes_made(const Backfill *backfill)
{
    return backfill->sum.pass - backfill->passes_before;
}

/* All passes were ours, so it is known when the last one began. */
static void hold(const Backfill *backfill, DataOutcome *outcome)
{
    double seconds = (double)(clock_monotonic_us() - backfill->pass_began_us) / 1e6;
    int64_t rows = rows_done(&backfill->sum) - backfill->pass_rows;
    outcome->end = DATA_HELD;
    if (rows == 0) {
        snprintf(outcome->why, sizeof(outcome->why),
                 "after %d passes where still finds rows that no pass could write",
                 passes_made(backfill));
        return;
    }
    snprintf(outcome->why, sizeof(outcome->why),
             "after %d passes the application still writes %.0f old rows/s", passes_made(backfill),
             seconds > 0 ? (double)rows / seconds : 0);
}

/* Does where find a row that does not lie in the review queue? The queue is the ledger's and the
 * table is read under the spec's role: rows are taken a few at a time, as a pass takes them. */
static bool find_unqueued(Backfill *backfill, bool *ret_found, Error *err)
{
    enum { ROWS = 1000 };
    AUTO(arena_auto) Arena *arena = arena_new();
    const DataJob *job = &backfill->job;
    const DataRange all = {.pass = backfill->sum.pass};
    DataMapper mapper = {.reader = backfill->conn};
    const char *const *from = NULL;
    bool ends = false;
    *ret_found = false;
    while (!ends && !*ret_found) {
        DataBatch *batch = NULL;
        if (!data_batch_read(job, &mapper, &all, from, ROWS, &batch, err))
            return false;
        for (size_t i = 0; i < batch->rows_count; i++)
            *ret_found |= !batch->rows[i].gone;
        ends = batch->ends_range;
        arena_clear(arena);
        from =
            (const char *const *)data_cursor_key(arena, data_batch_last(batch), job->cursor_parts);
        data_batch_free(batch);
    }
    return true;
}

/* All ranges are done: is the table? */
static bool end_pass(Backfill *backfill, bool *ret_end, DataOutcome *outcome, Error *err)
{
    AUTO(db_result_auto) DbResult *left = NULL;
    *ret_end = true;
    outcome->end = DATA_DONE;
    if (backfill->job.spec->where == NULL)
        return true;
    bool ok = db_begin(backfill->conn, err) && ask(backfill, "data_left", &left, err);
    db_rollback(backfill->conn);
    if (!ok)
        return false;
    bool again = db_bool(left, 0, 0);
    /* After a pass that had nothing to do, what is left should lie in the review queue; unless it
     * came behind the cursors. */
    bool idle = backfill->pass_rows == rows_done(&backfill->sum) && backfill->sum.pass > 1;
    if (again && idle && !find_unqueued(backfill, &again, err))
        return false;
    if (!again)
        return true;
    if (passes_made(backfill) >= BOUND_BACKFILL_PASSES) {
        hold(backfill, outcome);
        return true;
    }
    *ret_end = false;
    if (!next_pass(backfill, err))
        return false;
    backfill->pass_rows = rows_done(&backfill->sum);
    backfill->pass_began_us = clock_monotonic_us();
    return true;
}

static bool drive(Backfill *backfill, DataOutcome *outcome, Error *err)
{
    bool end = false;
    while (!end) {
        bool idle = data_crew_size(&backfill->crew) == 0;
        if (!reap(backfill, err) || !read_sum(backfill, err))
            return false;
        if (backfill->counted)
            report(backfill);
        check_stop(backfill);
        if (backfill->stopping) {
            outcome->end = DATA_STOPPED;
            return reap(backfill, err);
        }
        if (idle && backfill->sum.ranges_done == backfill->sum.ranges) {
            if (!end_pass(backfill, &end, outcome, err))
                return false;
            continue;
        }
        if (!release_gone(backfill, err) || !staff(backfill, err) || !count_total(backfill, err))
            return false;
        bool works = data_crew_size(&backfill->crew) > 0 ||
                     backfill->sum.ranges_done < backfill->sum.ranges; /* others do */
        if (data_crew_ended(&backfill->crew) == NULL && works)
            fiber_event_wait(&backfill->crew.changed, POLL_MS);
        if (fiber_cancelled())
            return error_set(err, ERROR_CANCELLED, "the backfill was stopped");
    }
    return true;
}

bool data_backfill_run(Loop *loop, const DataSpec *spec, const DataJobOptions *options,
                       const DataBackfillHooks *hooks, DataOutcome *ret, Error *err)
{
    DataOutcome outcome = {.progress = {.left = ETA_UNKNOWN}};
    Backfill *backfill = base_alloc(sizeof(Backfill));
    backfill->hooks = hooks;
    backfill->conn = hooks->conn;
    backfill->arena = arena_new();
    backfill->progress.left = ETA_UNKNOWN;
    backfill->rate_at_us = backfill->pass_began_us = clock_monotonic_us();
    data_crew_init(&backfill->crew, loop, hooks->worker_argv, options->epoch);
    bool ok = open_backfill(backfill, spec, options, err);
    backfill->rate_done = rows_done(&backfill->sum);
    ok = ok && drive(backfill, &outcome, err);
    data_crew_end(&backfill->crew, ok ? SIGTERM : SIGKILL, GRACE_MS);
    ok = ok && read_sum(backfill, err);
    /* The total was an estimate, or counted rows that the application has seen to since. */
    if (ok && outcome.end == DATA_DONE)
        backfill->progress.total = rows_done(&backfill->sum);
    if (ok)
        report(backfill);
    outcome.progress = backfill->progress;
    *ret = outcome;
    arena_free(backfill->arena);
    base_free(&backfill);
    return ok;
}
