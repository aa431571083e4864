/* Lease and requests. The process ends itself when the lease could not be renewed for
 * BOUND_LEASE_STOP_MS: a successor may be at work. */
#include "run/control.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "run/over.h"
#include "run/seen.h"
#include "run/step.h"

#include <stdio.h>
#include <unistd.h>

enum { POLL_MS = 1000, LEASE_CHECK_MS = 500, EXIT_LEASE_LOST = 75 };

static const struct Ask {
    const char *kind;
    RunAsked asked;
    bool go;
} ASKS[] = {
    {"pause", RUN_ASKED_PAUSE, false},   {"rollback", RUN_ASKED_ROLLBACK, false},
    {"abort", RUN_ASKED_ABORT, false},   {"resume", RUN_ASKED_NOTHING, true},
    {"retry", RUN_ASKED_NOTHING, true},  {"skip", RUN_ASKED_NOTHING, true},
    {"repair", RUN_ASKED_NOTHING, true},
};

static const struct Ask *ask_of(const json_t *request)
{
    const char *kind = json_get_string(request, "kind", "");
    for (size_t i = 0; i < COUNT_OF(ASKS); i++) {
        if (text_equal(ASKS[i].kind, kind))
            return &ASKS[i];
    }
    return NULL;
}

/* Who says later that the run is to go on has the last word: a pause may be older than the runner
 * that reads it. */
static void find_go(Run *run, const json_t *requests)
{
    size_t i = 0;
    json_t *request = NULL;
    json_array_foreach ((json_t *)(uintptr_t)requests, i, request) {
        const struct Ask *ask = ask_of(request);
        if (ask != NULL && ask->go && !run_seen_has(run->answered, request)) {
            run->go_asked = true;
            run->go_id = json_get_int(request, "id", 0);
        }
    }
}

/* What only wakes the engine (a review was decided) is no ask. */
static bool take_request(Run *run, const json_t *request)
{
    const struct Ask *ask = ask_of(request);
    int64_t id = json_get_int(request, "id", 0);
    if (ask == NULL)
        return false;
    bool over = ask->asked == RUN_ASKED_PAUSE && id < run->go_id;
    if (over || ask->asked < run->asked)
        return true;
    run->asked = ask->asked;
    run->asked_id = id;
    snprintf(run->asked_by, sizeof(run->asked_by), "%s", json_get_string(request, "asked_by", ""));
    snprintf(run->asked_why, sizeof(run->asked_why), "%s",
             json_get_string(json_object_get(request, "body"), "why", ""));
    return true;
}

void run_control_newest(Run *run)
{
    if (run->asked == RUN_ASKED_PAUSE && run->asked_id < run->go_id)
        run->asked = RUN_ASKED_NOTHING;
}

/* Requests to change the pace stay open until the row work at hand has followed them. */
static bool take_tune(Run *run, const json_t *request, bool *ret_taken, Error *err)
{
    int64_t id = json_get_int(request, "id", 0);
    bool tuned = run_seen_has(run->tuned, request);
    *ret_taken = text_equal(json_get_string(request, "kind", ""), "tune");
    if (!*ret_taken)
        return true;
    if (tuned || !run->tunable)
        return ledger_request_done(run->control, &run->writer, id, tuned ? "tuned" : "no row work",
                                   err);
    json_array_append(run->tunes, (json_t *)(uintptr_t)request);
    return true;
}

/* Who watches the stage answers; a runner that takes over comes there again. Of a stage that is not
 * under way nobody would. */
static bool take_advance(Run *run, const json_t *request, bool *ret_taken, Error *err)
{
    int64_t id = json_get_int(request, "id", 0);
    const char *path = json_get_string(json_object_get(request, "body"), "path", "");
    *ret_taken = text_equal(json_get_string(request, "kind", ""), "advance");
    if (!*ret_taken || run_seen_has(run->answered, request))
        return true;
    const PlanNode *stage = plan_find(run->plan, path);
    if (stage == NULL || stage->kind != PLAN_STAGE || run_step_state(run, stage) != STEP_RUNNING)
        return ledger_request_done(run->control, &run->writer, id, "the stage is not watched", err);
    json_array_append(run->advances, (json_t *)(uintptr_t)request);
    return true;
}

bool run_control_read(Run *run, const json_t *requests, Error *err)
{
    run_seen_keep(run->answered, requests);
    run_seen_keep(run->tuned, requests);
    json_decref(run->asked_requests);
    run->asked_requests = json_array();
    json_decref(run->tunes);
    run->tunes = json_array();
    json_decref(run->advances);
    run->advances = json_array();
    size_t i = 0;
    json_t *request = NULL;
    find_go(run, requests);
    json_array_foreach ((json_t *)(uintptr_t)requests, i, request) {
        int64_t id = json_get_int(request, "id", 0);
        bool tune = false;
        bool advance = false;
        if (!take_tune(run, request, &tune, err) || !take_advance(run, request, &advance, err))
            return false;
        if (tune || advance || run_seen_has(run->answered, request))
            continue;
        if (take_request(run, request))
            json_array_append(run->asked_requests, request);
        else if (!ledger_request_done(run->control, &run->writer, id, "seen", err))
            return false;
    }
    return true;
}

static bool read_requests(Run *run, Error *err)
{
    AUTO(json_auto) json_t *requests = NULL;
    return ledger_request_list(run->control, run->id, &requests, err) &&
           run_control_read(run, requests, err);
}

static bool control_turn(Run *run, Error *err)
{
    if ((clock_monotonic_us() - run->renewed_at_us) / 1000 >= FAULT_HASTE(BOUND_LEASE_RENEW_MS)) {
        FAULT("lease.turn");
        int64_t asked_at_us = clock_monotonic_us();
        if (!ledger_lease_renew(run->control, run->id, run->epoch, err))
            return false;
        run->renewed_at_us = asked_at_us;
    }
    if (!read_requests(run, err))
        return false;
    fiber_event_broadcast(&run->wake);
    if (!run_over_look(run, run->control, err))
        return false;
    if (!run->stopping)
        fiber_event_wait(&run->notified, FAULT_HASTE(POLL_MS));
    return true;
}

static void fiber_ended(Run *run)
{
    run->control_fibers--;
    fiber_event_broadcast(&run->wake);
}

static void control_main(void *arg)
{
    Run *run = arg;
    bool ok = db_listen(run->control, "headgate_run", &run->notified, &run->control_error);
    while (ok && !run->stopping)
        ok = control_turn(run, &run->control_error);
    fiber_ended(run);
}

static void guard_main(void *arg)
{
    Run *run = arg;
    while (!run->stopping) {
        if ((clock_monotonic_us() - run->renewed_at_us) / 1000 >=
            FAULT_HASTE(BOUND_LEASE_STOP_MS)) {
            log_error("run %s: the lease could not be renewed for %d ms: this runner ends, another "
                      "may be at work",
                      run->id_text, BOUND_LEASE_STOP_MS);
            _exit(EXIT_LEASE_LOST);
        }
        fiber_event_wait(&run->wake, LEASE_CHECK_MS);
    }
    fiber_ended(run);
}

bool run_control_start(Run *run, Error *err)
{
    if (!read_requests(run, err))
        return false;
    run->control_fibers = 2;
    fiber_start(run->loop, "control", control_main, run);
    fiber_start(run->loop, "lease guard", guard_main, run);
    return true;
}

void run_control_stop(Run *run)
{
    run->stopping = true;
    fiber_event_broadcast(&run->wake);
    fiber_event_broadcast(&run->notified);
    while (run->control_fibers > 0)
        fiber_event_wait(&run->wake, POLL_MS);
}

json_t *run_control_told(const json_t *request)
{
    json_t *data = json_object();
    json_t *via = json_object_get(request, "via");
    json_object_set(data, "kind", json_object_get(request, "kind"));
    json_set_string(data, "by", json_get_string(request, "asked_by", ""));
    json_set_string(data, "why", json_get_string(json_object_get(request, "body"), "why", ""));
    json_object_set(data, "body", json_object_get(request, "body"));
    if (json_is_object(via))
        json_object_set(data, "via", via);
    return data;
}

static bool settle_one(Run *run, const json_t *request, const char *outcome, Error *err)
{
    int64_t id = json_get_int(request, "id", 0);
    AUTO(json_auto) json_t *data = run_control_told(request);
    return ledger_event_append(run->ledger, &run->writer, "request", id, "request", "", data,
                               err) &&
           ledger_request_done(run->ledger, &run->writer, id, outcome, err);
}

bool run_control_settle(Run *run, const char *outcome, Error *err)
{
    size_t i = 0;
    json_t *request = NULL;
    AUTO(json_auto) json_t *requests = run->asked_requests;
    run->asked = RUN_ASKED_NOTHING;
    run->go_asked = false;
    run->go_id = 0;
    run->asked_requests = NULL;
    /* Before we wait: the control fiber must not ask for them again. */
    json_array_foreach (requests, i, request)
        run_seen_add(run->answered, request);
    json_array_foreach (requests, i, request) {
        if (!settle_one(run, request, outcome, err))
            return false;
    }
    return true;
}

static bool end(Run *run, bool ok, Error *err)
{
    if (ok)
        return db_commit(run->ledger, err);
    db_rollback(run->ledger);
    return false;
}

bool run_control_answer(Run *run, const char *outcome, Error *err)
{
    return db_begin(run->ledger, err) && end(run, run_control_settle(run, outcome, err), err);
}

bool run_control_advanced(Run *run, const json_t *request, const char *outcome, Error *err)
{
    run_seen_add(run->answered, request); /* as in run_control_settle() */
    return db_begin(run->ledger, err) && end(run, settle_one(run, request, outcome, err), err);
}
