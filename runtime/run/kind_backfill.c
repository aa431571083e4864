/* backfill: the runner's side is data/backfill.h; here are its place in the engine, its progress as
 * events, the review queue and the undo. */
#include "run/kind.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/backfill.h"
#include "data/decide.h"
#include "data/import.h"
#include "data/undo.h"
#include "data/unload.h"
#include "ledger/gate.h"
#include "run/throttle.h"
#include "sql/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TELL_EVERY_MS = 400, REVIEW_POLL_MS = 1000 };

/* One backfill at work. */
typedef struct Work {
    Run *run;
    const PlanNode *node;
    DataSpec spec;
    DataJobOptions options;
    RunTransition begun; /* the ledger row of the start, told after its commit */
    bool begun_told;
    int64_t told_at_us;
    int64_t told_done;
    int64_t told_total;
    int told_pass;
    RunThrottle *throttle;
    char why_not_saved[256];
    int64_t settled; /* orphans that became rows after all */
} Work;

/* ------------------------------------------------------------------ what an undo needs */

void run_kind_backfill_dropped(const Plan *plan, const PlanNode *node, SqlColumns *ret_columns)
{
    for (size_t i = 0; i < node->index; i++) {
        const char *down = plan_sql(plan->nodes[i], "down");
        if (down != NULL)
            sql_columns_dropped(down, ret_columns);
    }
}

bool run_kind_backfill_saves_old(const Plan *plan, const PlanNode *node, const DataSpec *spec)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlColumns dropped = {.arena = arena};
    if (json_object_get(node->keys, "one_way") != NULL)
        return false;
    run_kind_backfill_dropped(plan, node, &dropped);
    const char *dot = strrchr(node->name, '.');
    if (spec->map)
        return dot == NULL || sql_columns_find(&dropped, spec->table, dot + 1) == NULL;
    for (size_t i = 0; i < spec->set_count; i++) {
        if (sql_columns_find(&dropped, spec->table, spec->set[i].column) == NULL)
            return true;
    }
    return false;
}

DataNames run_kind_backfill_unkept(const Plan *plan, const PlanNode *node, const DataSpec *spec,
                                   Arena *arena)
{
    SqlColumns dropped = {.arena = arena};
    if (spec->import != NULL || json_object_get(node->keys, "one_way") != NULL)
        return (DataNames){0};
    run_kind_backfill_dropped(plan, node, &dropped);
    const char **names = arena_alloc(arena, (dropped.count + 1) * sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < dropped.count; i++) {
        const char *column = dropped.items[i].column;
        if (sql_columns_find(&(SqlColumns){.items = &dropped.items[i], .count = 1}, spec->table,
                             column) != NULL)
            names[count++] = column;
    }
    return (DataNames){.items = names, .count = count};
}

/* ------------------------------------------------------------------ running */

static bool on_begin(void *ctx, DbConn *conn, json_t *sync_drops, Error *err)
{
    Work *work = ctx;
    AUTO(json_auto) json_t *detail = json_object();
    json_object_set(detail, "sync_drops", sync_drops);
    json_object_set_new(detail, "saves_old", json_boolean(work->options.save_old));
    return run_step_record(work->run, conn, work->node, STEP_EVENT_START, detail, &work->begun,
                           err);
}

static void tell_begun(Work *work)
{
    if (work->begun.node == NULL || work->begun_told)
        return;
    work->begun_told = true;
    run_step_tell(work->run, &work->begun);
}

static json_t *seconds(double value)
{
    return value < 0 ? json_null() : json_real(value);
}

static json_t *progress_json(const DataProgress *progress)
{
    json_t *data = json_object();
    json_set_int(data, "done", progress->done);
    json_set_int(data, "total", progress->total);
    json_set_int(data, "rows_changed", progress->counts.changed);
    json_set_int(data, "rows_skipped", progress->counts.skipped);
    json_set_int(data, "rows_queued", progress->counts.queued);
    json_set_int(data, "batches", progress->batches);
    json_set_int(data, "batch_rows", progress->batch_rows);
    json_set_int(data, "pass", progress->pass);
    json_set_int(data, "workers", progress->workers);
    json_object_set_new(data, "rows_per_s", json_real(progress->rows_per_s));
    json_object_set_new(data, "eta_s", seconds(progress->left.middle_s));
    json_object_set_new(data, "eta_low_s", seconds(progress->left.low_s));
    json_object_set_new(data, "eta_high_s", seconds(progress->left.high_s));
    return data;
}

static void on_progress(void *ctx, const DataProgress *progress)
{
    Work *work = ctx;
    tell_begun(work);
    int64_t now_us = clock_monotonic_us();
    bool moved = progress->done != work->told_done || progress->total != work->told_total ||
                 progress->pass != work->told_pass;
    bool ended = progress->workers == 0 && moved;
    if (!moved || (!ended && (now_us - work->told_at_us) / 1000 < TELL_EVERY_MS))
        return;
    work->told_at_us = now_us;
    work->told_done = progress->done;
    work->told_total = progress->total;
    work->told_pass = progress->pass;
    AUTO(json_auto) json_t *data = progress_json(progress);
    run_tell(work->run, "step.progress", work->node->path, data);
}

static bool on_should_stop(void *ctx)
{
    const Work *work = ctx;
    return run_interrupted(work->run) || ledger_events_error(work->run->events) != NULL ||
           work->run->control_error.kind != ERROR_NONE;
}

static void on_log(void *ctx, const char *line)
{
    Work *work = ctx;
    run_log(work->run, work->node->path, "info", "%s", line);
}

static bool on_turn(void *ctx, DataTurn *turn, Error *err)
{
    Work *work = ctx;
    run_throttle_staff(work->throttle, turn);
    if (!run_throttle_turn(work->throttle, err))
        return false;
    turn->rests = work->run->state == RUN_THROTTLED;
    return true;
}

static const char **worker_argv(Work *work, Arena *arena)
{
    const char *const *base = work->run->options.hooks->worker_argv;
    size_t count = 0;
    while (base[count] != NULL)
        count++;
    const char **argv = arena_alloc(arena, (count + 8) * sizeof(*argv));
    memcpy(argv, base, count * sizeof(*argv));
    argv[count++] = "--step";
    argv[count++] = work->node->path;
    argv[count++] = "--epoch";
    argv[count++] = arena_printf(arena, "%" PRId64, work->run->epoch);
    argv[count++] = "--name"; /* the name follows */
    argv[count] = NULL;
    return argv;
}

static bool prepare(Work *work, Run *run, const PlanNode *node, Arena *arena, Error *err)
{
    *work = (Work){.run = run, .node = node};
    if (!data_spec_read(node, arena, &work->spec, err) ||
        (work->spec.import != NULL &&
         !config_store_path(run->options.environment, work->spec.import->store,
                            &work->spec.import->root, err)))
        return false;
    work->options =
        (DataJobOptions){.run = run->id,
                         .epoch = run->epoch,
                         .role = run->options.target->run_as,
                         .save_old = work->spec.import == NULL &&
                                     run_kind_backfill_saves_old(run->plan, node, &work->spec),
                         .dropped = run_kind_backfill_unkept(run->plan, node, &work->spec, arena)};
    return true;
}

/* The plan's names are found as the target's role would find them; ours are schema-qualified. */
static bool path_on(Run *run, Error *err)
{
    return db_query(run->effects, "SELECT pg_catalog.set_config('search_path', $1, false)",
                    DB_PARAMS(run->search_path), NULL, err);
}

static void path_off(Run *run)
{
    Error ignored = {0};
    if (db_usable(run->effects) &&
        !db_exec(run->effects, "SET search_path = pg_catalog", NULL, NULL, &ignored))
        log_debug("search_path: %s", ignored.message);
}

static bool drive(Work *work, Arena *arena, DataOutcome *ret, Error *err)
{
    Run *run = work->run;
    DataBackfillHooks hooks = {.conn = run->effects,
                               .worker_argv = worker_argv(work, arena),
                               .begin = on_begin,
                               .progress = on_progress,
                               .should_stop = on_should_stop,
                               .log = on_log,
                               .turn = on_turn,
                               .ctx = work};
    StepState state = run_step_state(run, work->node);
    if (state == STEP_PENDING)
        run_step_started(run, work->node);
    else if (!run_step_apply(run, work->node, STEP_EVENT_START, NULL, NULL, err))
        return false;
    if (!work->options.save_old && work->spec.import == NULL && state == STEP_PENDING)
        run_log(run, work->node->path, "info",
                "old values are not kept: a later undo drops the column, or it is one-way");
    if (!run_throttle_start(run, work->node, work->spec.table, &work->throttle, err))
        return false;
    run->tunable = true;
    bool ok = path_on(run, err) &&
              data_backfill_run(run->loop, &work->spec, &work->options, &hooks, ret, err);
    tell_begun(work);
    path_off(run);
    run->tunable = false;
    run_throttle_stop(work->throttle);
    /* What follows begins in a run that is running. */
    return ok && (run->state != RUN_THROTTLED ||
                  run_apply(run, RUN_EVENT_GO, work->node->path, NULL, err));
}

/* ------------------------------------------------------------------ review */

static bool open_rows(Run *run, const PlanNode *node, int64_t *ret_open, json_t **ret_reasons,
                      Error *err)
{
    LedgerParams params = {0};
    ledger_param_int(&params, run->id);
    ledger_param_text(&params, node->path);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(run->effects, "queue_reasons", &params, &rows, err))
        return false;
    *ret_open = 0;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (rows, i, row)
        *ret_open += json_get_int(row, "count", 0);
    *ret_reasons = json_incref(rows);
    return true;
}

/* A reviewer at work: the job and the statements of its updates. */
typedef struct Review {
    Work *work;
    Arena *arena;
    DataJob job;
    DataUpdater updater;
    json_t *applied; /* decisions that were dealt with */
} Review;

static bool apply_one(Review *review, const json_t *row, Error *err)
{
    const json_t *key = json_object_get(row, "key");
    size_t count = json_array_size(key);
    const char **parts = arena_alloc(review->arena, (count + 1) * sizeof(*parts));
    DataDecided decided = DECIDED_BEFORE;
    for (size_t i = 0; i < count; i++)
        parts[i] = json_string_value(json_array_get(key, i));
    if (!data_decide(&review->updater, parts, count, json_get_string(row, "decision", ""), &decided,
                     err))
        return false;
    if (decided != DECIDED_CHANGED)
        return true;
    Run *run = review->work->run;
    run_log(run, review->work->node->path, "warn",
            "row %s changed since it was queued: it is shown anew",
            data_job_key_shown(review->arena, parts, count));
    return ledger_decision_forget(run->ledger, &run->writer, review->work->node->path,
                                  data_job_key_text(review->arena, parts, count), err);
}

static bool process_must_end(const Error *err)
{
    return err->kind == ERROR_FENCED || err->kind == ERROR_UNREACHABLE;
}

static bool apply_decisions(Review *review, Error *err)
{
    Run *run = review->work->run;
    const char *path = review->work->node->path;
    AUTO(json_auto) json_t *decisions = NULL;
    if (!ledger_decisions(run->ledger, run->id, path, &decisions, err))
        return false;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (decisions, i, row) {
        AUTO(base_free) char *name = json_text(row);
        Error why = {0};
        if (json_object_get(review->applied, name) != NULL)
            continue;
        if (!apply_one(review, row, &why)) {
            if (process_must_end(&why)) {
                *err = why;
                return false;
            }
            run_log(run, path, "error", "a decision cannot be applied: %s", why.message);
        }
        json_object_set_new(review->applied, name, json_true());
    }
    return true;
}

static bool wait_for_review(Work *work, int64_t open, json_t *reasons, Error *err)
{
    Run *run = work->run;
    if (run->state == RUN_RUNNING) {
        AUTO(json_auto) json_t *data = json_object();
        json_set_int(data, "open", open);
        json_object_set(data, "reasons", reasons);
        run_tell(run, "review.open", work->node->path, data);
        AUTO(json_auto)
        json_t *reason = run_reason("review", work->node->path, NULL,
                                    "rows of \"%s\" wait for a decision", work->node->name);
        if (!run_apply(run, RUN_EVENT_WAIT, work->node->path, reason, err))
            return false;
    }
    return run_wait(run, REVIEW_POLL_MS, err);
}

static bool review_until_empty(Review *review, Error *err)
{
    Work *work = review->work;
    while (true) {
        int64_t open = 0;
        AUTO(json_auto) json_t *reasons = NULL;
        if (!apply_decisions(review, err) ||
            !open_rows(work->run, work->node, &open, &reasons, err))
            return false;
        if (open == 0)
            return work->run->state == RUN_RUNNING ||
                   run_apply(work->run, RUN_EVENT_GO, work->node->path, NULL, err);
        if (!wait_for_review(work, open, reasons, err))
            return false;
    }
}

/* A record whose parent was read after it is no orphan any more. */
static bool settle_orphans(Work *work, const DataJob *job, Error *err)
{
    int64_t settled = 0;
    if (work->spec.import == NULL)
        return true;
    if (!data_import_settle(job, work->run->effects, &settled, err))
        return false;
    work->settled = settled;
    if (settled > 0)
        run_log(work->run, work->node->path, "info",
                "%" PRId64 " record(s) were written once what they refer to was there", settled);
    return true;
}

static bool review(Work *work, Arena *arena, Error *err)
{
    Review review = {.work = work, .arena = arena};
    int64_t open = 0;
    AUTO(json_auto) json_t *reasons = NULL;
    if (!open_rows(work->run, work->node, &open, &reasons, err) || open == 0)
        return err->kind == ERROR_NONE;
    if (!path_on(work->run, err) ||
        !data_job_open(work->run->effects, arena, &work->spec, &work->options, &review.job, err) ||
        !settle_orphans(work, &review.job, err))
        return false;
    review.applied = json_object();
    data_updater_init(&review.updater, &review.job, work->run->effects);
    bool ok = review_until_empty(&review, err);
    data_updater_done(&review.updater);
    json_decref(review.applied);
    path_off(work->run);
    return ok;
}

/* ------------------------------------------------------------------ forward and back */

static bool finish(Work *work, const DataOutcome *outcome, Error *err)
{
    char text[256];
    const DataCounts *counts = &outcome->progress.counts;
    json_t *before = json_object_get(run_step_row(work->run, work->node->path), "detail");
    AUTO(json_auto) json_t *detail = before == NULL ? json_object() : json_copy(before);
    snprintf(text, sizeof(text),
             "%" PRId64 " rows %s, %" PRId64 " skipped, %" PRId64 " reviewed, in %" PRId64
             " batches",
             counts->changed + work->settled, work->spec.import != NULL ? "written" : "changed",
             counts->skipped, counts->queued - work->settled, outcome->progress.batches);
    json_set_string(detail, "verdict", "pass");
    json_set_string(detail, "text", text);
    return run_step_apply(work->run, work->node, STEP_EVENT_FINISH, detail, NULL, err);
}

static bool held(Work *work, const DataOutcome *outcome, Error *err)
{
    AUTO(json_auto)
    json_t *reason = run_reason("backfill", work->node->path, NULL, "%s", outcome->why);
    return run_hold(work->run, work->node->path, reason, err) && run_wait_go(work->run, err);
}

bool run_kind_backfill_forward(Run *run, const PlanNode *node, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Work work;
    while (true) {
        DataOutcome outcome = {0};
        if (!prepare(&work, run, node, arena, err) || !drive(&work, arena, &outcome, err))
            return false;
        switch (outcome.end) {
        case DATA_STOPPED:
            return run_stop_here(err);
        case DATA_HELD:
            if (!held(&work, &outcome, err))
                return false;
            break;
        case DATA_DONE:
            return review(&work, arena, err) && finish(&work, &outcome, err);
        }
    }
}

static bool on_undo_should_stop(void *ctx)
{
    return on_should_stop(ctx);
}

static void on_undo_progress(void *ctx, const DataUndoCounts *counts)
{
    Work *work = ctx;
    AUTO(json_auto) json_t *data = json_object();
    json_set_int(data, "done", counts->restored + counts->changed_since);
    json_set_int(data, "total", counts->restored + counts->changed_since + counts->left);
    run_tell(work->run, "step.progress", work->node->path, data);
}

/* Does the undo of a step before this one drop the whole table? */
static bool drops_table(const Work *work)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    SqlColumns dropped = {.arena = arena};
    run_kind_backfill_dropped(work->run->plan, work->node, &dropped);
    return sql_columns_find(&dropped, work->spec.table, "*") != NULL;
}

static bool undo(Work *work, Arena *arena, Error *err)
{
    Run *run = work->run;
    DataJob job;
    DataUndoCounts counts = {0};
    const json_t *detail = json_object_get(run_step_row(run, work->node->path), "detail");
    DataUndoHooks hooks = {
        .progress = on_undo_progress, .should_stop = on_undo_should_stop, .ctx = work};
    bool ok = path_on(run, err) &&
              data_job_open(run->effects, arena, &work->spec, &work->options, &job, err) &&
              (work->spec.import != NULL
                   ? data_unload_run(&job, run->effects, drops_table(work), &hooks, &counts, err)
                   : data_undo_run(&job, run->effects, json_object_get(detail, "sync_drops"),
                                   &hooks, &counts, err));
    path_off(run);
    if (!ok)
        return false;
    if (!counts.ended)
        return run_stop_here(err);
    if (counts.changed_since > 0)
        run_log(run, work->node->path, "warn",
                "%" PRId64 " rows were changed by others since%s: they stay as they are",
                counts.changed_since,
                work->spec.import != NULL ? ", or others' rows refer to them" : "");
    return true;
}

bool run_kind_backfill_back(Run *run, const PlanNode *node, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Work work;
    return prepare(&work, run, node, arena, err) &&
           run_step_apply(run, node, STEP_EVENT_UNDO, NULL, NULL, err) && undo(&work, arena, err) &&
           run_step_apply(run, node, STEP_EVENT_UNDO_FINISH, NULL, NULL, err);
}
