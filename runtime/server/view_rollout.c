/* Rollouts: the plan's stages with what the ledger, the windows and the samples say about them. */
#include "server/view.h"

#include "base/clock.h"
#include "ledger/call.h"
#include "plan/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One rollout being put together; all borrowed. */
typedef struct Rollout {
    const json_t *head; ///< RUN, with its steps
    const json_t *node;
    const json_t *facts; ///< {watches, samples, last}
} Rollout;

static const json_t *step_of(const json_t *head, const char *path)
{
    size_t i = 0;
    json_t *step = NULL;
    json_array_foreach (json_object_get(head, "steps"), i, step) {
        if (text_equal(json_get_string(step, "path", NULL), path))
            return step;
    }
    return NULL;
}

static const char *state_of(const json_t *step)
{
    return json_get_string(step, "state", "pending");
}

/* A child gate, if the stage has one. */
static const char *gate_of(const json_t *stage)
{
    size_t i = 0;
    json_t *child = NULL;
    json_array_foreach (json_object_get(stage, "children"), i, child) {
        if (text_equal(json_get_string(child, "kind", ""), "gate"))
            return json_get_string(child, "path", NULL);
    }
    return NULL;
}

static const char *stage_state(const Rollout *rollout, const char *path, const char *gate)
{
    const json_t *step = step_of(rollout->head, path);
    const char *at = json_get_string(rollout->head, "node", "");
    const char *run = json_get_string(rollout->head, "state", "");
    bool undone = text_equal(
        state_of(step_of(rollout->head, json_get_string(rollout->node, "path", ""))), "undone");
    if (step != NULL && undone)
        return "rolled_back";
    if (text_equal(state_of(step), "done"))
        return "done";
    bool here = text_equal(at, path) || (gate != NULL && text_equal(at, gate));
    if (here && text_equal(run, "held"))
        return "held";
    if (gate != NULL && text_equal(at, gate))
        return "waiting";
    return step == NULL ? "pending" : "watching";
}

/* As rollout_window_us(): the environment's, in the configuration that the run began with, else the
 * plan's. */
static int64_t watch_to_come_us(const Rollout *rollout, const json_t *stage)
{
    const json_t *keys = json_object_get(stage, "keys");
    int64_t plan_us = 0;
    Error ignored = {0};
    if (!duration_parse(json_get_string(keys, "watch", "0s"), &plan_us, &ignored))
        plan_us = 0;
    char percent[32];
    snprintf(percent, sizeof(percent), "%.15g", json_get_number(keys, "percent", 0));
    return json_get_int(json_object_get(rollout->facts, "watch_us"), percent, plan_us);
}

static json_t *stage_json(const Rollout *rollout, const json_t *stage)
{
    const char *path = json_get_string(stage, "path", "");
    const char *gate = gate_of(stage);
    const json_t *watch = json_object_get(json_object_get(rollout->facts, "watches"), path);
    json_t *item = json_object();
    json_set_string(item, "path", path);
    json_object_set_new(item, "percent",
                        json_real(json_get_number(json_object_get(stage, "keys"), "percent", 0)));
    json_set_string(item, "state", stage_state(rollout, path, gate));
    json_set_string(item, "gate", gate);
    if (watch != NULL) {
        json_object_update(item, (json_t *)watch);
        return item;
    }
    int64_t window_us = watch_to_come_us(rollout, stage);
    json_set_int(item, "window_us", window_us);
    json_set_int(item, "counted_us", 0);
    json_set_int(item, "left_us", window_us);
    json_set_string(item, "opened_at", NULL);
    json_set_string(item, "closed_at", NULL);
    json_object_set_new(item, "advanced", json_null());
    return item;
}

/* Newest verdicts; before the first sample the tiles come from the samples' guards, so there are
 * none. */
static json_t *guards_json(const json_t *last)
{
    json_t *list = json_array();
    size_t i = 0;
    json_t *guard = NULL;
    json_array_foreach (json_object_get(last, "guards"), i, guard) {
        json_t *item = json_copy(guard);
        json_object_set(item, "at", json_object_get(last, "at"));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *stages_json(const Rollout *rollout, double *ret_intended)
{
    json_t *stages = json_array();
    *ret_intended = 0;
    size_t i = 0;
    json_t *stage = NULL;
    json_array_foreach (json_object_get(rollout->node, "children"), i, stage) {
        json_t *item = stage_json(rollout, stage);
        const char *state = json_get_string(item, "state", "");
        if (!text_equal(state, "pending") && !text_equal(state, "waiting") &&
            !text_equal(state, "rolled_back"))
            *ret_intended = json_get_number(item, "percent", 0);
        json_array_append_new(stages, item);
    }
    return stages;
}

static json_t *rollout_json(const Rollout *rollout)
{
    const char *path = json_get_string(rollout->node, "path", "");
    const json_t *step = step_of(rollout->head, path);
    const json_t *detail = json_object_get(step, "detail");
    const char *state = state_of(step);
    bool ended =
        text_equal(state, "done") || text_equal(state, "undone") || text_equal(state, "pending");
    double intended = 0;
    json_t *stages = stages_json(rollout, &intended);
    json_t *item = json_object();
    json_set_string(item, "path", path);
    json_set_string(item, "flag", json_get_string(rollout->node, "name", ""));
    json_object_set_new(item, "percent", json_real(json_get_number(detail, "percent", 0)));
    json_object_set_new(item, "intended_percent", json_real(intended));
    json_object_set_new(item, "enabled", json_boolean(json_get_bool(detail, "enabled", false)));
    json_set_string(item, "automation",
                    ended ? state : json_get_string(rollout->head, "state", ""));
    json_object_set_new(item, "stages", stages);
    json_object_set_new(item, "guards", guards_json(json_object_get(rollout->facts, "last")));
    json_object_set(item, "samples", json_object_get(rollout->facts, "samples"));
    return item;
}

/* Every rollout of the graph, depth first. */
static bool collect(DbConn *state, const json_t *head, const json_t *node, json_t *list,
                    Error *err) // NOLINT(misc-no-recursion): <= BOUND_PLAN_DEPTH
{
    if (text_equal(json_get_string(node, "kind", ""), "rollout")) {
        LedgerParams params = {0};
        ledger_param_int(&params, strtoll(json_get_string(head, "id", "0"), NULL, 10));
        ledger_param_text(&params, json_get_string(node, "path", ""));
        AUTO(json_auto) json_t *rows = NULL;
        if (!ledger_call_json(state, "server_rollout", &params, &rows, err))
            return false;
        const Rollout rollout = {.head = head, .node = node, .facts = json_array_get(rows, 0)};
        json_array_append_new(list, rollout_json(&rollout));
        return true;
    }
    size_t i = 0;
    json_t *child = NULL;
    json_array_foreach (json_object_get(node, "children"), i, child) {
        if (!collect(state, head, child, list, err))
            return false;
    }
    return true;
}

bool server_view_rollouts(DbConn *state, const json_t *head, const json_t *graph,
                          json_t **ret_rollouts, Error *err)
{
    AUTO(json_auto) json_t *list = json_array();
    if (!collect(state, head, graph, list, err))
        return false;
    *ret_rollouts = json_incref(list);
    return true;
}
