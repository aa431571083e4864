/* Back: in reverse order of start. */
#include "run/back.h"

#include "run/kept.h"
#include "run/kind.h"
#include "run/over.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEFT_SHOWN = 20 };

static int by_start_descending(const void *a, const void *b)
{
    int64_t first = json_get_int(*(json_t *const *)a, "start_order", 0);
    int64_t second = json_get_int(*(json_t *const *)b, "start_order", 0);
    return first < second ? 1 : first > second ? -1 : 0;
}

static json_t **steps_newest_first(Run *run, size_t *ret_count)
{
    *ret_count = json_object_size(run->steps);
    json_t **rows = arena_alloc(run->arena, (*ret_count + 1) * sizeof(*rows));
    size_t i = 0;
    const char *path = NULL;
    json_t *row = NULL;
    json_object_foreach (run->steps, path, row)
        rows[i++] = row;
    qsort(rows, *ret_count, sizeof(*rows), by_start_descending);
    return rows;
}

static bool to_undo(const Run *run, const PlanNode *node)
{
    switch (run_step_state(run, node)) {
    case STEP_INTENT:
    case STEP_RUNNING:
    case STEP_DONE:
    case STEP_FAILED:
    case STEP_UNDOING:
    case STEP_UNDO_FAILED:
        return run_kind_of(run, node)->back != NULL;
    default:
        return false;
    }
}

/* ------------------------------------------------------------------ blocked */

/* The exact list of what is still to be undone, newest first. */
static json_t *left_to_undo(Run *run)
{
    size_t count = 0;
    json_t **rows = steps_newest_first(run, &count);
    json_t *left = json_array();
    for (size_t i = 0; i < count; i++) {
        const PlanNode *node = plan_find(run->plan, json_get_string(rows[i], "path", ""));
        if (node == NULL || !to_undo(run, node))
            continue;
        json_t *item = json_object();
        json_set_string(item, "path", node->path);
        json_set_string(item, "kind", plan_kind_name(node->kind));
        json_set_string(item, "state", step_state_name(run_step_state(run, node)));
        json_array_append_new(left, item);
    }
    return left;
}

static void say_left(Run *run, const PlanNode *node, const json_t *left)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (left, i, item) {
        if (i == LEFT_SHOWN)
            break;
        run_log(run, node->path, "error", "left to undo, %zu of %zu: %s \"%s\"", i + 1,
                json_array_size(left), json_get_string(item, "kind", ""),
                json_get_string(item, "path", ""));
    }
}

/* mend: what waits for its gate, or NULL. */
static bool block(Run *run, const PlanNode *node, const RunMend *mend, const Error *why, Error *err)
{
    json_t *left = left_to_undo(run);
    say_left(run, node, left);
    AUTO(json_auto)
    json_t *reason = run_reason("undo_failed", node->path, NULL,
                                "the undo of \"%s\" failed: %s; %zu left to undo", node->name,
                                why->message, json_array_size(left));
    json_object_set_new(reason, "left", left);
    json_object_set_new(reason, "error", json_from_error(why));
    if (mend != NULL)
        run_reason_command(reason, "headgate approve %s \"%s\" --digest %.12s", run->id_text,
                           mend->gate, mend->digest);
    run_reason_command(reason, "headgate retry %s", run->id_text);
    if (mend == NULL) {
        run_reason_command(reason, "headgate repair %s \"%s\" --sql FILE", run->id_text,
                           node->path);
        run_reason_command(reason, "headgate skip %s \"%s\" --reason WHY", run->id_text,
                           node->path);
    }
    run_reason_command(reason, "headgate abort %s", run->id_text);
    return run_apply(run, RUN_EVENT_BLOCK, node->path, reason, err);
}

static bool undo_failed(Run *run, const PlanNode *node, const Error *why, Error *err)
{
    if (!run_step_apply(run, node, STEP_EVENT_UNDO_FAIL, NULL, why, err))
        return false;
    run_log(run, node->path, "error", "its undo failed: %s", why->message);
    return block(run, node, NULL, why, err);
}

static bool wait_for_gate(Run *run, const PlanNode *node, const RunMend *mend, Error *err)
{
    Error why = {0};
    error_set(&why, ERROR_REFUSED, "gate \"%s\" waits for approval", mend->gate);
    return block(run, node, mend, &why, err);
}

/* ------------------------------------------------------------------ mended */

static void note_mend(const RunMend *mend, const char *what, json_t *detail)
{
    json_set_string(detail, "mended", what);
    json_set_string(detail, "why", mend->why);
    json_set_string(detail, "approved_by", mend->by);
    json_set_string(detail, "gate", mend->gate);
}

static bool skip_undo(Run *run, const PlanNode *node, const RunMend *mend, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    json_t *before = json_object_get(run_step_row(run, node->path), "detail");
    if (before != NULL)
        json_object_update(detail, before);
    note_mend(mend, "skipped", detail);
    run_log(run, node->path, "warn", "its undo is left out: %s", mend->why);
    return run_step_apply(run, node, STEP_EVENT_SKIP, detail, NULL, err);
}

static bool repair_effect(Run *run, const PlanNode *node, DbConn *conn, void *ctx, json_t *detail,
                          Error *err)
{
    const RunMend *mend = ctx;
    if (!run_kept_copy(run, node, mend->sql, conn, detail, err))
        return false;
    note_mend(mend, "repaired", detail);
    return db_exec(conn, mend->sql, NULL, NULL, err) || error_wrap(err, "the repair");
}

static bool repair_undo(Run *run, const PlanNode *node, RunMend *mend, Error *err)
{
    return run_effect(run, node,
                      &(RunEffectOptions){.event = STEP_EVENT_UNDO_FINISH,
                                          .effect = repair_effect,
                                          .ctx = mend,
                                          .as_role = true,
                                          .user_sql = true},
                      err);
}

/* ------------------------------------------------------------------ walking */

/* Looks until nothing was said between the look and the beginning. */
static bool mend_begins(Run *run, const PlanNode *node, RunMend *mend, Error *err)
{
    const RunHooks *hooks = run->options.hooks;
    for (bool begun = false; !begun;) {
        if (!hooks->mend_look(run, node, mend, err))
            return false;
        if (!mend->approved)
            return true;
        if (!hooks->mend_begin(run, mend, &begun, err))
            return false;
    }
    return true;
}

static bool undo(Run *run, const PlanNode *node, RunMend *mend, Error *err)
{
    bool may_be_mended =
        run_step_state(run, node) == STEP_UNDO_FAILED && run->options.hooks->mend_look != NULL;
    if (may_be_mended && !mend_begins(run, node, mend, err))
        return false;
    if (mend->way == RUN_MEND_NOTHING)
        return run_kind_of(run, node)->back(run, node, err);
    if (!mend->approved)
        return error_set(err, ERROR_REFUSED, "it waits for approval");
    return mend->way == RUN_MEND_SKIP ? skip_undo(run, node, mend, err)
                                      : repair_undo(run, node, mend, err);
}

static bool everything_undone(Run *run, size_t undone, Error *err)
{
    if (!run_over_look_last(run, err))
        return false;
    if (undone > 0)
        return run_apply(run, RUN_EVENT_UNDONE, "", NULL, err);
    run_log(run, "", "info", "there was nothing to undo");
    AUTO(json_auto)
    json_t *reason = run_reason("nothing_to_undo", "", NULL, "there was nothing to undo");
    return run_apply(run, RUN_EVENT_UNDONE, "", reason, err);
}

bool run_back(Run *run, Error *err)
{
    size_t count = 0;
    json_t **rows = steps_newest_first(run, &count);
    size_t undone = 0;
    for (size_t i = 0; i < count; i++) {
        const PlanNode *node = plan_find(run->plan, json_get_string(rows[i], "path", ""));
        if (node == NULL)
            continue;
        undone += run_step_state(run, node) == STEP_UNDONE;
        if (!to_undo(run, node))
            continue;
        Error why = {0};
        RunMend mend = {0};
        undone++;
        if (run_still_well(run, &why) && (!run_interrupted(run) || run_stop_here(&why)) &&
            undo(run, node, &mend, &why))
            continue;
        if (why.kind == ERROR_CANCELLED || run_must_end(&why)) {
            *err = why;
            return false;
        }
        if (mend.way != RUN_MEND_NOTHING && !mend.approved)
            return wait_for_gate(run, node, &mend, err);
        return undo_failed(run, node, &why, err);
    }
    return everything_undone(run, undone, err);
}

bool run_back_requests(Run *run, const char **ret_refused, Error *err)
{
    size_t i = 0;
    json_t *request = NULL;
    bool others = false;
    json_array_foreach (run->asked_requests, i, request) {
        const char *kind = json_get_string(request, "kind", "");
        const char *outcome = NULL;
        if (!text_equal(kind, "skip") && !text_equal(kind, "repair")) {
            others = true;
            continue;
        }
        if (!run->options.hooks->mend_ask(run, request, &outcome, err))
            return false;
        if (!text_equal(outcome, "refused"))
            others = true;
        else
            *ret_refused = outcome;
    }
    if (others)
        *ret_refused = NULL;
    return true;
}
