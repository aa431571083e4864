/* Driving a run: forward through the nodes in document order, back in reverse order of start. */
#include "run/run.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "run/back.h"
#include "run/control.h"
#include "run/cut.h"
#include "run/head.h"
#include "run/kind.h"
#include "run/over.h"
#include "run/restore.h"
#include "run/step.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_POLL_MS = 1000 };

bool run_must_end(const Error *err)
{
    return err->kind == ERROR_FENCED || err->kind == ERROR_UNREACHABLE;
}

bool run_stop_here(Error *err)
{
    return error_set(err, ERROR_CANCELLED, "interrupted");
}

bool run_interrupted(const Run *run)
{
    if (run->back)
        return run->asked == RUN_ASKED_PAUSE || run->asked == RUN_ASKED_ABORT;
    return run->asked != RUN_ASKED_NOTHING;
}

void run_ask_pause(Run *run, const char *by)
{
    if (run->asked <= RUN_ASKED_PAUSE) {
        run->asked = RUN_ASKED_PAUSE;
        run->asked_id = INT64_MAX;
    }
    snprintf(run->asked_by, sizeof(run->asked_by), "%s", by);
    fiber_event_broadcast(&run->wake);
}

/* What a fiber of ours found out while the engine waited. */
bool run_still_well(const Run *run, Error *err)
{
    const Error *bad = ledger_events_error(run->events);
    if (bad == NULL && run->control_error.kind != ERROR_NONE)
        bad = &run->control_error;
    if (bad == NULL)
        return true;
    *err = *bad;
    return false;
}

bool run_wait(Run *run, int64_t ms, Error *err)
{
    if (run_interrupted(run))
        return run_stop_here(err);
    if (run_still_well(run, err))
        fiber_event_wait(&run->wake, ms);
    return run_still_well(run, err) && (!run_interrupted(run) || run_stop_here(err));
}

void run_tell(Run *run, const char *type, const char *node, const json_t *data)
{
    AUTO(json_auto) json_t *cut = run_cut(data);
    ledger_events_add(run->events, type, 0, type, node, cut);
}

void run_tell_step(Run *run, const char *path, int64_t version, const json_t *data)
{
    AUTO(json_auto) json_t *cut = run_cut(data);
    ledger_events_add(run->events, path, version, "step.state", path, cut);
}

void run_log(Run *run, const char *node, const char *level, const char *format, ...)
{
    char text[BOUND_LOG_LINE_BYTES + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log_redact(text);
    log_line(text_equal(level, "info") ? LOG_DEBUG : LOG_WARN, "%s: %s", node, text);
    AUTO(json_auto) json_t *data = json_object();
    json_set_string(data, "level", level);
    json_set_string(data, "text", text);
    run_tell(run, "log", node, data);
}

json_t *run_reason(const char *kind, const char *path, json_t *who, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_t *reason = json_object();
    json_set_string(reason, "kind", kind);
    json_set_string(reason, "path", path);
    json_set_string(reason, "text", text);
    json_object_set(reason, "who", who == NULL ? json_null() : who);
    return reason;
}

void run_reason_command(json_t *reason, const char *format, ...)
{
    char command[512];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    json_t *commands = json_object_get(reason, "commands");
    if (commands == NULL) {
        commands = json_array();
        json_object_set_new(reason, "commands", commands);
    }
    json_array_append_new(commands, json_string(command));
}

/* The head and, with an outcome, what was asked for: in one transaction, so that neither is lost
 * without the other. */
static bool change_head(Run *run, const LedgerRunChange *change, const char *outcome, Error *err)
{
    if (outcome == NULL)
        return ledger_run_change(run->ledger, change, err);
    if (BUG("answered_apart"))
        return run_control_answer(run, outcome, err) && ledger_run_change(run->ledger, change, err);
    if (!db_begin(run->ledger, err))
        return false;
    if (ledger_run_change(run->ledger, change, err) && run_control_settle(run, outcome, err))
        return db_commit(run->ledger, err);
    db_rollback(run->ledger);
    return false;
}

/* outcome: what the requests are told that asked for it; NULL = nobody did. */
static bool apply(Run *run, RunEvent event, const char *node, json_t *reason, const char *outcome,
                  Error *err)
{
    const RunRow *row = run_row_find(run->state, event);
    if (row == NULL)
        return error_set(err, ERROR_REFUSED, "a %s run cannot %s", run_state_name(run->state),
                         run_event_name(event));
    if (!ledger_events_flush(run->events, err))
        return false;
    FAULT("run.flushed");
    bool back = event == RUN_EVENT_ROLL_BACK || (run->back && event != RUN_EVENT_GO);
    LedgerRunChange change = {.run = run->id,
                              .epoch = run->epoch,
                              .from = run_state_name(row->from),
                              .to = run_state_name(row->to),
                              .direction = back ? "back" : "forward",
                              .rollback_why =
                                  event == RUN_EVENT_ROLL_BACK ? run->rollback_why : NULL,
                              .node = node == NULL ? "" : node,
                              .why = row->why,
                              .reason = reason,
                              .finished = run_state_rest(row->to) == RUN_ENDED};
    if (!change_head(run, &change, outcome, err))
        return false;
    FAULT("run.changed");
    run_head_export(run);
    ledger_events_nudge(run->events);
    run->state = row->to;
    run->back = back;
    log_info("run %s: %s (%s)%s%s", run->id_text, run_state_name(run->state), row->why,
             reason == NULL ? "" : ": ", reason == NULL ? "" : json_get_string(reason, "text", ""));
    return true;
}

bool run_apply(Run *run, RunEvent event, const char *node, json_t *reason, Error *err)
{
    return apply(run, event, node, reason, NULL, err);
}

const RunKind *run_kind_of(const Run *run, const PlanNode *node)
{
    return &run->options.hooks->kinds[node->kind];
}

static bool inside_owner(const Run *run, const PlanNode *node)
{
    for (const PlanNode *parent = node->parent; parent != NULL; parent = parent->parent) {
        if (run_kind_of(run, parent)->owns_children)
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------ forward */

static bool record_failure(Run *run, const PlanNode *node, const Error *why, Error *err)
{
    if (step_row_find(run_step_state(run, node), STEP_EVENT_FAIL) == NULL)
        return true;
    return run_step_apply(run, node, STEP_EVENT_FAIL, NULL, why, err);
}

/* A failed verification takes the change back, unless its plan says hold. */
static bool verification_failed(const PlanNode *node, const Error *why)
{
    return node->kind == PLAN_VERIFY && why->kind == ERROR_REFUSED &&
           text_equal(json_get_string(node->keys, "on_fail", "rollback"), "rollback");
}

static bool begin_rollback(Run *run, const char *node, const char *why, const char *outcome,
                           Error *err)
{
    run->rollback_why = arena_strdup(run->arena, why);
    AUTO(json_auto) json_t *reason = run_reason("rollback", node, NULL, "%s", why);
    return apply(run, RUN_EVENT_ROLL_BACK, node, reason, outcome, err);
}

static bool run_failed(Run *run, const char *path, const Error *why, Error *err)
{
    AUTO(json_auto) json_t *reason = run_reason("failed", path, NULL, "%s", why->message);
    json_object_set_new(reason, "error", json_from_error(why));
    return run_apply(run, RUN_EVENT_FAIL, path, reason, err);
}

/* Who asked to go on. Not where somebody also asked for another way: that is what is done. */
static bool answer_go(Run *run, const char *outcome, Error *err)
{
    return !run->go_asked || run->asked != RUN_ASKED_NOTHING ||
           run_control_answer(run, outcome, err);
}

/* Who asked to go on before it failed has not decided about the failure. */
static bool answer_older_go(Run *run, Error *err)
{
    run_control_newest(run);
    return answer_go(run, "it had not failed yet", err);
}

/* What the failure of a node, which the ledger knows, means for the run. */
static bool follow_failure(Run *run, const PlanNode *node, const Error *why, Error *err)
{
    if (!answer_older_go(run, err))
        return false;
    run_log(run, node->path, "error", "%s", why->message);
    if (verification_failed(node, why)) {
        char text[1200];
        snprintf(text, sizeof(text), "verification \"%s\" failed: %s", node->name, why->message);
        return begin_rollback(run, node->path, text, NULL, err);
    }
    return run_failed(run, node->path, why, err);
}

/* The plan's own row in the ledger says that all was counted: this writes none. */
static bool base_failed(Run *run, Error *err)
{
    const Error why = *err;
    if (why.kind == ERROR_CANCELLED || run_must_end(&why))
        return false;
    run_log(run, "", "error", "%s", why.message);
    return run_failed(run, "", &why, err);
}

static bool node_failed(Run *run, const PlanNode *node, const Error *why, Error *err)
{
    return record_failure(run, node, why, err) && follow_failure(run, node, why, err);
}

/* A node that failed under a runner that died before the run followed: nobody was asked about it,
 * and doing it again might do it twice. A gate does nothing twice, and looks itself whether it was
 * refused (rollout/gate.c). */
static bool find_unfollowed(Run *run, const PlanNode **ret_node, Error *err)
{
    for (size_t i = 0; i < run->plan->nodes_count && *ret_node == NULL; i++) {
        const PlanNode *node = run->plan->nodes[i];
        bool followed = false;
        if (node->kind == PLAN_GATE || run_step_state(run, node) != STEP_FAILED)
            continue;
        int64_t version = json_get_int(run_step_row(run, node->path), "version", 0);
        if (!ledger_events_followed(run->ledger, run->id, node->path, version, node->path,
                                    &followed, err))
            return false;
        if (!followed)
            *ret_node = node;
    }
    return true;
}

static bool settled(const Run *run, const PlanNode *node)
{
    StepState state = run_step_state(run, node);
    return state == STEP_DONE || state == STEP_SKIPPED;
}

/* A held run stays held when another runner takes it over. */
static bool go_on_unless_held(Run *run, Error *err)
{
    bool stays = run->state == RUN_RUNNING || run->state == RUN_HELD;
    return stays || run_apply(run, RUN_EVENT_GO, "", NULL, err);
}

/* Back to running after a node waited, watched or was held. */
static bool go_on(Run *run, Error *err)
{
    return run->state == RUN_RUNNING || run_apply(run, RUN_EVENT_GO, "", NULL, err);
}

static bool walk_forward(Run *run, Error *err)
{
    const PlanNode *unready = NULL;
    Error lacks = {0};
    if (!run_restore_ready(run, &unready, &lacks)) {
        *err = lacks;
        return lacks.kind == ERROR_REFUSED && node_failed(run, unready, &lacks, err);
    }
    if (!run_kind_check_base(run, err))
        return base_failed(run, err);
    for (size_t i = 0; i < run->plan->nodes_count; i++) {
        const PlanNode *node = run->plan->nodes[i];
        if (run_kind_of(run, node)->forward == NULL || inside_owner(run, node) ||
            settled(run, node))
            continue;
        Error why = {0};
        bool ok = run_still_well(run, &why) && (!run_interrupted(run) || run_stop_here(&why)) &&
                  (run->state != RUN_HELD || run_kind_of(run, node)->holds_itself ||
                   run_wait_go(run, &why)) &&
                  run_over_hold(run, node, &why) &&
                  run_kind_of(run, node)->forward(run, node, &why);
        if (ok && go_on(run, &why))
            continue;
        if (why.kind == ERROR_CANCELLED || run_must_end(&why)) {
            *err = why;
            return false;
        }
        return node_failed(run, node, &why, err);
    }
    return run_over_look_last(run, err) && run_apply(run, RUN_EVENT_FINISH, "", NULL, err);
}

static bool forward(Run *run, Error *err)
{
    const PlanNode *unfollowed = NULL;
    Error why = {0};
    if (!go_on_unless_held(run, err) || !find_unfollowed(run, &unfollowed, err))
        return false;
    if (unfollowed == NULL)
        return walk_forward(run, err);
    json_to_error(json_object_get(run_step_row(run, unfollowed->path), "error"), &why);
    return follow_failure(run, unfollowed, &why, err);
}

/* ------------------------------------------------------------------ requests */

/* The step after which there is no way back, if it is done. */
static const PlanNode *contracted(const Run *run)
{
    for (size_t i = 0; i < run->plan->nodes_count; i++) {
        const PlanNode *node = run->plan->nodes[i];
        if (json_object_get(node->keys, "one_way") != NULL &&
            run_step_state(run, node) == STEP_DONE)
            return node;
    }
    return NULL;
}

static bool answer_rollback(Run *run, Error *err)
{
    const PlanNode *one_way = contracted(run);
    if (one_way != NULL) {
        run_log(run, one_way->path, "error", "no way back: \"%s\" is done (%s)", one_way->name,
                json_get_string(one_way->keys, "one_way", ""));
        return run_control_answer(run, "refused: a one-way step is done", err);
    }
    char why[600];
    snprintf(why, sizeof(why), "asked by %s%s%s", run->asked_by,
             run->asked_why[0] == '\0' ? "" : ": ", run->asked_why);
    return begin_rollback(run, "", why, "rolling back", err);
}

static bool answer_simple(Run *run, RunEvent event, const char *kind, const char *outcome,
                          Error *err)
{
    AUTO(json_auto)
    json_t *reason = run_reason(kind, "", NULL, "%s by %s%s%s", outcome, run->asked_by,
                                run->asked_why[0] == '\0' ? "" : ": ", run->asked_why);
    return apply(run, event, "", reason, outcome, err);
}

static bool answer_requests(Run *run, Error *err)
{
    switch (run->asked) {
    case RUN_ASKED_PAUSE:
        return run_state_rest(run->state) == RUN_DRIVES
                   ? answer_simple(run, RUN_EVENT_PAUSE, "paused", "paused", err)
                   : run_control_answer(run, "it rests already", err);
    case RUN_ASKED_ROLLBACK:
        return run->state == RUN_ROLLING_BACK
                   ? run_control_answer(run, "it rolls back already", err)
                   : answer_rollback(run, err);
    case RUN_ASKED_ABORT:
        return run_row_find(run->state, RUN_EVENT_ABORT) != NULL
                   ? answer_simple(run, RUN_EVENT_ABORT, "aborted", "aborted", err)
                   : run_control_answer(run, "refused", err);
    case RUN_ASKED_NOTHING:
        break;
    }
    return true;
}

bool run_hold(Run *run, const char *node, json_t *reason, Error *err)
{
    return answer_go(run, "it was not held", err) &&
           run_apply(run, RUN_EVENT_HOLD, node, reason, err);
}

bool run_take_go(Run *run, bool *ret_went, Error *err)
{
    *ret_went = run->state == RUN_HELD && run->go_asked && run->asked == RUN_ASKED_NOTHING;
    return !*ret_went || apply(run, RUN_EVENT_GO, "", NULL, "going on", err);
}

bool run_wait_go(Run *run, Error *err)
{
    bool went = false;
    while (!went) {
        if (!run_take_go(run, &went, err))
            return false;
        if (!went && !run_wait(run, HELD_POLL_MS, err))
            return false;
    }
    return true;
}

bool run_roll_back(Run *run, const char *node, const char *why, Error *err)
{
    return begin_rollback(run, node, why, NULL, err) && run_stop_here(err);
}

/* A run that rested goes on when somebody asked for it. */
static bool leave_rest(Run *run, Error *err)
{
    run_control_newest(run);
    bool starts = run->state == RUN_PENDING;
    bool at_work = run_state_rest(run->state) == RUN_DRIVES && run->state != RUN_HELD && !starts;
    if (run->go_asked && at_work && run->asked == RUN_ASKED_NOTHING)
        return run_control_answer(run, "it goes on already", err);
    if (run->asked != RUN_ASKED_NOTHING || (run_state_rest(run->state) == RUN_DRIVES && !starts))
        return true;
    bool asked = run->go_asked;
    if ((!starts && !asked) || run_state_rest(run->state) == RUN_ENDED)
        return !asked || run_control_answer(run, "it has ended", err);
    bool back = run->state == RUN_ROLLBACK_BLOCKED || (run->state == RUN_PAUSED && run->back);
    const char *refused = NULL;
    if (!run_back_requests(run, &refused, err))
        return false;
    if (refused != NULL)
        return run_control_answer(run, refused, err);
    return apply(run, back ? RUN_EVENT_ROLL_BACK : RUN_EVENT_GO, "", NULL, "going on", err);
}

/* What a dead runner left behind takes room, and holds a copy of the data. */
static bool tidy(Run *run, Error *err)
{
    Error left = {0};
    if (run_restore_sweep(run, &left))
        return true;
    *err = left;
    if (left.kind == ERROR_CANCELLED || run_must_end(&left))
        return false;
    run_log(run, "", "warn", "a scratch database is left: %s", left.message);
    return true;
}

bool run_drive(Run *run, Error *err)
{
    if (!tidy(run, err))
        return false;
    while (true) {
        if (!leave_rest(run, err) || !answer_requests(run, err))
            return false;
        if (run_state_rest(run->state) != RUN_DRIVES && run->asked == RUN_ASKED_NOTHING) {
            FAULT("runner.rest");
            return ledger_events_flush(run->events, err);
        }
        Error why = {0};
        bool back = run->state == RUN_ROLLING_BACK;
        if (back ? run_back(run, &why) : forward(run, &why))
            continue;
        if (why.kind == ERROR_CANCELLED && (run_interrupted(run) || run->state == RUN_ROLLING_BACK))
            continue;
        *err = why;
        return false;
    }
}

/* What the reason names: with paths, which no table knows. */
static size_t next_of_reason(const json_t *reason, char *out, size_t size)
{
    size_t used = 0;
    size_t i = 0;
    json_t *command = NULL;
    json_array_foreach (json_object_get(reason, "commands"), i, command) {
        if (used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : "; ",
                                     json_string_value(command));
    }
    return used;
}

/* What a waiting run waits for has a path of its own, as the commands want it. */
static size_t next_of_people(const json_t *head, int64_t id, char *out, size_t size)
{
    const json_t *reason = json_object_get(head, "reason");
    const char *digest = json_get_string(head, "gate_digest", "");
    const char *kind = json_get_string(reason, "kind", "");
    const char *path = json_get_string(reason, "path", "");
    int used = 0;
    if (text_equal(kind, "gate"))
        used = snprintf(out, size,
                        "headgate approve %" PRId64 " \"%s\"%s%.12s; headgate reject %" PRId64
                        " \"%s\" --message WHY; ",
                        id, path, digest[0] == '\0' ? "" : " --digest ", digest, id, path);
    else if (text_equal(kind, "watch"))
        used = snprintf(out, size, "headgate advance %" PRId64 " \"%s\" --message WHY; ", id, path);
    else if (text_equal(kind, "gate_clock"))
        used = snprintf(out, size, "headgate revoke %" PRId64 " \"%s\"; ", id, path);
    else if (text_equal(kind, "review"))
        used = snprintf(out, size, "headgate review %" PRId64 "; ", id);
    else if (text_equal(kind, "manual")) /* an answer needs a person who has logged in */
        used = snprintf(out, size, "headgate serve, and say it on the run's page; ");
    return used > 0 && (size_t)used < size ? (size_t)used : 0;
}

void run_next_commands(RunState state, const json_t *head, int64_t id, char *out, size_t size)
{
    if (next_of_reason(json_object_get(head, "reason"), out, size) > 0)
        return;
    static const char *const NEXT[RUN_STATES] = {
        [RUN_PENDING] = "resume, abort",
        [RUN_RUNNING] = "watch, pause, rollback",
        [RUN_WAITING] = "watch, pause, rollback",
        [RUN_WATCHING] = "watch, pause, rollback",
        [RUN_HELD] = "resume, rollback",
        [RUN_THROTTLED] = "watch, pause, rollback",
        [RUN_PAUSED] = "resume, rollback, abort",
        [RUN_ROLLING_BACK] = "watch, pause",
        [RUN_ROLLED_BACK] = "report",
        [RUN_ROLLBACK_BLOCKED] = "retry, abort",
        [RUN_DONE] = "report, rollback",
        [RUN_FAILED] = "retry, rollback, abort",
        [RUN_ABORTED] = "report",
    };
    char words[128];
    snprintf(words, sizeof(words), "%s", NEXT[state]);
    bool people = state == RUN_WAITING || state == RUN_WATCHING;
    size_t used = people ? next_of_people(head, id, out, size) : 0;
    size_t first = used;
    char *rest = NULL;
    for (char *word = strtok_r(words, ", ", &rest); word != NULL && used < size;
         word = strtok_r(NULL, ", ", &rest))
        used += (size_t)snprintf(out + used, size - used, "%sheadgate %s %" PRId64,
                                 used == first ? "" : "; ", word, id);
}
