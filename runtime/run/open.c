/* Opening and closing a run: lease, connections, fence, plan, ledger. */
#include "run/run.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "ledger/fence.h"
#include "ledger/schema.h"
#include "run/ahead.h"
#include "run/control.h"
#include "run/seen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool connect_with(Run *run, const ConfigTarget *target, const char *search_path,
                         bool read_only, DbConn **ret_conn, Error *err)
{
    DbTarget options = {.conninfo = target->url,
                        .application_name = run->application,
                        .search_path = search_path,
                        .lock_timeout_ms = target->lock_timeout_ms,
                        .statement_timeout_ms = target->statement_timeout_ms,
                        .pooler_session = target->pooler_session,
                        .read_only = read_only};
    return db_open(run->loop, &options, ret_conn, err) ||
           error_wrap(err, "connecting to target \"%s\"", target->name);
}

bool run_connect(Run *run, const ConfigTarget *target, bool read_only, DbConn **ret_conn,
                 Error *err)
{
    return connect_with(run, target, NULL, read_only, ret_conn, err);
}

bool run_connect_as_plan(Run *run, const ConfigTarget *target, bool read_only, DbConn **ret_conn,
                         Error *err)
{
    return connect_with(run, target, run->search_path, read_only, ret_conn, err);
}

/* The lease comes first, under no name, so that a take-over never ends the connection that asks for
 * it. */
static bool take_lease(Run *run, Error *err)
{
    AUTO(db_close_auto) DbConn *state = NULL;
    if (!run_connect(run, run->options.state, false, &state, err) ||
        !ledger_schema_check(state, err) || !ledger_run_read(state, run->id, &run->head, err))
        return false;
    run->renewed_at_us = clock_monotonic_us(); /* asked, not answered: a stop in between counts */
    if (!ledger_lease_take(state, run->id, run->options.owner, &run->epoch, err))
        return false;
    run->writer = (LedgerWriter){.run = run->id, .epoch = run->epoch};
    ledger_fence_application(run->id, run->epoch, run->application, sizeof(run->application));
    return true;
}

static bool same_database(Run *run, Error *err)
{
    const char *system = NULL;
    const char *database = NULL;
    if (!ledger_run_identity(run->effects, run->arena, &system, &database, err))
        return false;
    const char *was_system = json_get_string(run->head, "system_identifier", "");
    const char *was_database = json_get_string(run->head, "database", "");
    if (text_equal(system, was_system) && text_equal(database, was_database))
        return true;
    return error_set(err, ERROR_REFUSED,
                     "run %s began in database \"%s\" of server %s; this is \"%s\" of server %s: "
                     "it can only go on where it began",
                     run->id_text, was_database, was_system, database, system);
}

/* What the runner before may still be writing about the run is ended before the run is read. The
 * state database may be another one than the target's, whose connections end with the fence. */
static bool read_head(Run *run, Error *err)
{
    json_decref(run->head);
    run->head = NULL;
    if (!run_connect(run, run->options.state, false, &run->ledger, err) ||
        !ledger_fence_end_backends(run->ledger, run->id, run->epoch, LEDGER_FENCE_SPARE, err) ||
        !ledger_run_read(run->ledger, run->id, &run->head, err))
        return false;
    run->started_by = json_get_string(run->head, "started_by", "");
    run->author = json_get_string(run->head, "author", "");
    run->state = run_state_parse(json_get_string(run->head, "state", ""));
    run->back = text_equal(json_get_string(run->head, "direction", ""), "back");
    run->rollback_why = json_get_string(run->head, "rollback_why", NULL);
    return run->state != RUN_STATES ||
           error_set(err, ERROR_INTERNAL, "run %s has an unknown state", run->id_text);
}

/* One of several connections that are opened beside each other. */
typedef struct Opening {
    Run *run;
    const ConfigTarget *target;
    DbConn **conn;
    bool ended;
    Error err;
    FiberEvent done;
} Opening;

static void open_one(void *arg)
{
    Opening *opening = arg;
    if (!run_connect(opening->run, opening->target, false, opening->conn, &opening->err))
        *opening->conn = NULL;
    opening->ended = true;
    fiber_event_broadcast(&opening->done);
}

/* All have ended when this returns; the first error counts. */
static bool open_together(Run *run, Opening *openings, size_t count, Error *err)
{
    bool shielded = fiber_shield(true); /* the opening fibers use our stack */
    for (size_t i = 0; i < count; i++)
        fiber_start(run->loop, "connect", open_one, &openings[i]);
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        while (!openings[i].ended)
            fiber_event_wait(&openings[i].done, -1);
        if (ok && *openings[i].conn == NULL) {
            *err = openings[i].err;
            ok = false;
        }
    }
    fiber_shield(shielded);
    return ok;
}

static bool connect_all(Run *run, Error *err)
{
    DbConn *events = NULL;
    Opening openings[] = {
        {.run = run, .target = run->options.state, .conn = &run->control},
        {.run = run, .target = run->options.state, .conn = &events},
        {.run = run, .target = run->options.target, .conn = &run->effects},
    };
    bool open = open_together(run, openings, COUNT_OF(openings), err);
    if (events != NULL)
        run->events = ledger_events_start(run->loop, events, run->id, run->epoch, &run->wake);
    AUTO(db_result_auto) DbResult *path = NULL;
    if (!open || !same_database(run, err) ||
        !ledger_fence_raise(run->effects, run->id, run->epoch, err) ||
        !ledger_call(run->effects, "search_path_default", NULL, &path, err))
        return false;
    FAULT("runner.fence");
    run->search_path = arena_strdup(run->arena, db_value(path, 0, 0));
    return true;
}

static bool load_plan(Run *run, Error *err)
{
    AUTO(json_auto) json_t *graph = NULL;
    run->plan_hash = json_get_string(run->head, "plan", "");
    return ledger_plan_load(run->ledger, run->plan_hash, &run->bundle, &graph, err) &&
           plan_from_graph(graph, &run->plan, err);
}

/* What the ledger says and nobody was told: a runner died between its commit and the event. */
static void tell_missing(Run *run, const json_t *rows, const json_t *told)
{
    size_t i = 0;
    json_t *row = NULL;
    if (BUG("missing_not_told"))
        return;
    json_array_foreach (rows, i, row) {
        const char *path = json_get_string(row, "path", "");
        int64_t version = json_get_int(row, "version", 0);
        if (path[0] == '\0' || json_get_int(told, path, 0) >= version)
            continue;
        AUTO(json_auto) json_t *data = json_object();
        json_set_string(data, "kind", json_get_string(row, "kind", ""));
        json_set_string(data, "to", json_get_string(row, "state", ""));
        json_object_set(data, "attempt", json_object_get(row, "attempt"));
        json_object_set(data, "detail", json_object_get(row, "detail"));
        json_object_set(data, "error", json_object_get(row, "error"));
        run_tell_step(run, path, version, data);
    }
}

static bool load_steps(Run *run, json_t **ret_rows, Error *err)
{
    if (!ledger_step_list(run->effects, run->id, ret_rows, err))
        return false;
    run->steps = json_object();
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (*ret_rows, i, row)
        json_object_set(run->steps, json_get_string(row, "path", ""), row);
    return true;
}

static bool load_ledger(Run *run, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    AUTO(json_auto) json_t *told = NULL;
    if (!load_steps(run, &rows, err) || !ledger_events_told(run->ledger, run->id, &told, err))
        return false;
    run->over = json_object();
    run->over_held = json_object();
    tell_missing(run, rows, told);
    return true;
}

static bool open_steps(Run *run, Error *err)
{
    if (!take_lease(run, err))
        return false;
    FAULT("runner.lease");
    return read_head(run, err) && connect_all(run, err) && load_plan(run, err) &&
           load_ledger(run, err) && run_control_start(run, err);
}

static Run *new_run(const RunOptions *options)
{
    Run *run = base_alloc(sizeof(*run));
    run->options = *options;
    run->loop = options->loop;
    run->id = options->id;
    run->arena = arena_new();
    run->answered = run_seen_new();
    run->tuned = run_seen_new();
    snprintf(run->id_text, sizeof(run->id_text), "%" PRId64, run->id);
    return run;
}

bool run_open(const RunOptions *options, Run **ret_run, Error *err)
{
    Run *run = new_run(options);
    snprintf(run->application, sizeof(run->application), "headgate:%s", run->id_text);
    if (!open_steps(run, err)) {
        run_close(run);
        return false;
    }
    FAULT("runner.open");
    *ret_run = run;
    return true;
}

/* No name that a take-over would end. */
static bool look_steps(Run *run, Error *err)
{
    AUTO(json_auto) json_t *rows = NULL;
    AUTO(db_result_auto) DbResult *path = NULL;
    if (!run_connect(run, run->options.state, true, &run->ledger, err) ||
        !ledger_schema_check(run->ledger, err) ||
        !ledger_run_read(run->ledger, run->id, &run->head, err) ||
        !run_connect(run, run->options.target, true, &run->effects, err) ||
        !same_database(run, err) || !load_plan(run, err) || !load_steps(run, &rows, err) ||
        !ledger_call(run->effects, "search_path_default", NULL, &path, err))
        return false;
    run->search_path = arena_strdup(run->arena, db_value(path, 0, 0));
    return true;
}

bool run_open_to_look(const RunOptions *options, Run **ret_run, Error *err)
{
    Run *run = new_run(options);
    snprintf(run->application, sizeof(run->application), "headgate verify %s", run->id_text);
    if (!look_steps(run, err)) {
        run_close(run);
        return false;
    }
    *ret_run = run;
    return true;
}

void run_close(Run *run)
{
    if (run == NULL)
        return;
    run_control_stop(run);
    ledger_events_stop(run->events);
    if (run->ledger != NULL && db_usable(run->ledger) && run->epoch > 0)
        ledger_lease_release(run->ledger, run->id, run->epoch);
    db_close(run->effects);
    db_close(run->watch);
    db_close(run->ledger);
    db_close(run->control);
    run_ahead_done(run);
    plan_free(run->plan);
    bundle_free(run->bundle);
    json_decref(run->steps);
    json_decref(run->asked_requests);
    json_decref(run->answered);
    json_decref(run->tunes);
    json_decref(run->tuned);
    json_decref(run->advances);
    json_decref(run->over);
    json_decref(run->over_held);
    json_decref(run->head);
    arena_free(run->arena);
    free(run);
}
