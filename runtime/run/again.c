/* Every node is looked at once, however many boxes it ticks. */
#include "run/again.h"

#include "base/log.h"
#include "plan/tick.h"
#include "plan/word.h"
#include "run/step.h"

#include <stdio.h>
#include <string.h>

static const char *const NAMES[RUN_AGAIN_COUNT] = {
    [RUN_AGAIN_FAIL] = "fail",         [RUN_AGAIN_OPEN] = "open", [RUN_AGAIN_PASS] = "pass",
    [RUN_AGAIN_RECORDED] = "recorded", [RUN_AGAIN_PAST] = "past", [RUN_AGAIN_UNBOUND] = "unbound",
};

const char *run_again_name(RunAgain again)
{
    return NAMES[again];
}

static RunAgain result_of(const json_t *item)
{
    const char *name = json_get_string(item, "result", "");
    for (RunAgain i = 0; i < RUN_AGAIN_COUNT; i++) {
        if (text_equal(NAMES[i], name))
            return i;
    }
    return RUN_AGAIN_OPEN;
}

static bool set(json_t *item, RunAgain result, const char *text)
{
    json_set_string(item, "result", NAMES[result]);
    if (text != NULL)
        json_set_string(item, "text", text);
    return true;
}

/* ------------------------------------------------------------------ nodes */

static bool stands_in(const PlanNode *holder, const PlanNode *node)
{
    while (node != NULL && node != holder)
        node = node->parent;
    return node == holder;
}

/* What the run recorded of a node that is not asked again. */
static bool recorded(Run *run, const PlanNode *node, json_t *item)
{
    const json_t *row = run_step_row(run, node->path);
    switch (run_step_state(run, node)) {
    case STEP_DONE:
        return set(item, RUN_AGAIN_RECORDED,
                   json_get_string(json_object_get(row, "detail"), "text",
                                   "done; it cannot be evaluated again"));
    case STEP_SKIPPED:
        return set(item, RUN_AGAIN_RECORDED, "skipped");
    case STEP_FAILED:
    case STEP_UNDO_FAILED:
        return set(item, RUN_AGAIN_FAIL,
                   json_get_string(json_object_get(row, "error"), "message", "failed"));
    case STEP_UNDONE:
    case STEP_UNDOING:
        return set(item, RUN_AGAIN_OPEN, "taken back");
    default:
        return set(item, RUN_AGAIN_OPEN, "the run has not come there");
    }
}

/* What it had to hold until, if that has begun; NULL otherwise. */
static const PlanNode *over(const Run *run, const PlanNode *node)
{
    const char *until = plan_text(node, "holds_until");
    const PlanNode *later = until == NULL ? NULL : plan_find(run->plan, until);
    for (size_t i = later == NULL ? SIZE_MAX : later->index; i < run->plan->nodes_count; i++) {
        StepState state = run_step_state(run, run->plan->nodes[i]);
        if (stands_in(later, run->plan->nodes[i]) && state != STEP_PENDING && state != STEP_UNDONE)
            return later;
    }
    return NULL;
}

/* A check is about the moment before what follows it, unless a box says that it lasts. */
static const char *past(Run *run, const PlanNode *node, bool ticks)
{
    if (plan_text(node, "holds_until") == NULL)
        return node->kind == PLAN_CHECK && !ticks ? "a check is about the moment before" : NULL;
    const PlanNode *later = over(run, node);
    return later == NULL ? NULL
                         : arena_printf(run->arena, "it had to hold until \"%s\"", later->path);
}

bool run_again_ask(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    Error found = {0};
    bool holds = run->options.hooks->kinds[node->kind].again(run, node, detail, &found);
    if (!holds && found.kind == ERROR_UNREACHABLE) {
        *err = found;
        return false;
    }
    const char *text = json_get_string(detail, "text", holds ? "" : found.message);
    AUTO(base_free) char *shown = base_strdup(text);
    log_redact(shown);
    json_set_string(detail, "text", shown);
    if (json_object_get(detail, "verdict") == NULL)
        json_set_string(detail, "verdict", holds ? "pass" : "error");
    return true;
}

static bool ask(Run *run, const PlanNode *node, json_t *item, Error *err)
{
    AUTO(json_auto) json_t *detail = json_object();
    if (!run_again_ask(run, node, detail, err))
        return false;
    bool holds = text_equal(json_get_string(detail, "verdict", ""), "pass");
    json_object_set(item, "guards", json_object_get(detail, "guards"));
    return set(item, holds ? RUN_AGAIN_PASS : RUN_AGAIN_FAIL, json_get_string(detail, "text", ""));
}

/* A request that may change something is not sent by who only looks. */
static bool asks_only(const PlanNode *node)
{
    const char *method = json_get_string(json_object_get(node->keys, "http"), "method", "GET");
    return text_equal(method, "GET") || text_equal(method, "HEAD");
}

/* A check that something was changed after is about what was there before. */
static bool overtaken(const Run *run, const PlanNode *node, const PlanNode *gate)
{
    for (size_t i = node->index + 1; node->kind == PLAN_CHECK && i < gate->index; i++) {
        if (plan_word_of(run->plan->nodes[i]->kind)->mutates)
            return true;
    }
    return false;
}

bool run_again_wanted(const Run *run, const PlanNode *node, const PlanNode *gate)
{
    bool kind = node->kind == PLAN_CHECK || node->kind == PLAN_VERIFY || node->kind == PLAN_BACKUP;
    return kind && run->options.hooks->kinds[node->kind].again != NULL && asks_only(node) &&
           run_step_state(run, node) == STEP_DONE && over(run, node) == NULL &&
           !overtaken(run, node, gate);
}

static bool reached(StepState state)
{
    return state == STEP_DONE || state == STEP_FAILED || state == STEP_RUNNING;
}

static bool look(Run *run, const PlanNode *node, bool ticks, json_t *item, Error *err)
{
    StepState state = run_step_state(run, node);
    const char *why = past(run, node, ticks);
    json_set_string(item, "path", node->path);
    json_set_string(item, "kind", plan_kind_name(node->kind));
    json_set_string(item, "name", node->name);
    json_set_string(item, "file", node->at.file);
    json_set_int(item, "line", node->at.line);
    json_set_string(item, "state", step_state_name(state));
    if (run->options.hooks->kinds[node->kind].again == NULL || !asks_only(node) || !reached(state))
        return recorded(run, node, item);
    return why != NULL ? set(item, RUN_AGAIN_PAST, why) : ask(run, node, item, err);
}

/* ------------------------------------------------------------------ boxes */

static RunAgain worse(RunAgain a, RunAgain b)
{
    return b < a ? b : a;
}

/* A holder is what the worst of those in it is. */
static RunAgain of_node(const Plan *plan, const json_t *items, const PlanNode *node,
                        const char **ret_text) // NOLINT(misc-no-recursion): <= BOUND_PLAN_DEPTH
{
    const json_t *item = json_object_get(items, node->path);
    if (item != NULL) {
        *ret_text = json_get_string(item, "text", "");
        return result_of(item);
    }
    RunAgain worst = RUN_AGAIN_UNBOUND;
    for (size_t i = 0; i < node->children_count; i++) {
        const char *text = "";
        RunAgain one = of_node(plan, items, node->children[i], &text);
        if (one < worst)
            *ret_text = text;
        worst = worse(worst, one);
    }
    return worst;
}

/* Of a rollout or stage only the guards of one metric. */
static RunAgain of_metric(const json_t *item, const char *metric, const char **ret_text)
{
    RunAgain worst = RUN_AGAIN_OPEN;
    size_t i = 0;
    json_t *guard = NULL;
    *ret_text = json_get_string(item, "text", "");
    if (json_object_get(item, "guards") == NULL)
        return result_of(item);
    *ret_text = "no guard has this metric";
    json_array_foreach (json_object_get(item, "guards"), i, guard) {
        if (!text_equal(json_get_string(guard, "metric", ""), metric))
            continue;
        bool ok = text_equal(json_get_string(guard, "verdict", ""), "ok");
        if (worst == RUN_AGAIN_OPEN || !ok) {
            worst = ok ? RUN_AGAIN_PASS : RUN_AGAIN_FAIL;
            *ret_text = json_get_string(guard, "guard", "");
        }
    }
    return worst;
}

static RunAgain fill_box(const Plan *plan, const json_t *items, json_t *box)
{
    RunAgain worst = RUN_AGAIN_UNBOUND;
    size_t i = 0;
    json_t *tick = NULL;
    json_array_foreach (json_object_get(box, "ticks"), i, tick) {
        const PlanNode *node = plan_find(plan, json_get_string(tick, "path", ""));
        const char *metric = json_get_string(tick, "metric", NULL);
        const char *text = "";
        RunAgain one = metric != NULL ? of_metric(json_object_get(items, node->path), metric, &text)
                                      : of_node(plan, items, node, &text);
        set(tick, one, text);
        worst = worse(worst, one);
    }
    return worst;
}

/* An outer box without a tick of its own is what the worst box in it is. */
static void fill_boxes(const Plan *plan, const json_t *items, json_t *boxes)
{
    for (size_t i = json_array_size(boxes); i-- > 0;) {
        json_t *box = json_array_get(boxes, i);
        RunAgain worst = fill_box(plan, items, box);
        const json_t *inner = json_object_get(box, "inner");
        if (json_array_size(json_object_get(box, "ticks")) == 0 && inner != NULL)
            worst = (RunAgain)json_integer_value(inner);
        set(box, worst, NULL);
        json_object_del(box, "inner");
        const json_t *outer = json_object_get(box, "outer");
        json_t *around = json_is_integer(outer)
                             ? json_array_get(boxes, (size_t)json_integer_value(outer))
                             : NULL;
        if (around != NULL)
            json_set_int(
                around, "inner",
                (int64_t)worse(worst, (RunAgain)json_get_int(around, "inner", RUN_AGAIN_UNBOUND)));
    }
}

/* ------------------------------------------------------------------ all of it */

/* Does node, or what it stands in, tick one of these boxes? */
static bool ticks_one(const Plan *plan, const json_t *boxes, const PlanNode *node)
{
    size_t i = 0;
    json_t *box = NULL;
    json_array_foreach ((json_t *)(uintptr_t)boxes, i, box) {
        size_t k = 0;
        json_t *tick = NULL;
        json_array_foreach (json_object_get(box, "ticks"), k, tick) {
            if (stands_in(plan_find(plan, json_get_string(tick, "path", "")), node))
                return true;
        }
    }
    return false;
}

static bool choose(json_t *boxes, const char *only, Error *err)
{
    for (size_t i = json_array_size(boxes); only != NULL && i-- > 0;) {
        json_t *box = json_array_get(boxes, i);
        if (strcasestr(json_get_string(box, "text", ""), only) == NULL)
            json_array_remove(boxes, i);
        else
            json_object_set_new(box, "outer", json_null()); /* it may not be there any more */
    }
    return only == NULL || json_array_size(boxes) > 0 ||
           error_set(err, ERROR_INPUT, "no box of the document has \"%s\" in its text", only);
}

static json_t *counted(const json_t *list)
{
    json_t *counts = json_object();
    size_t i = 0;
    json_t *item = NULL;
    for (RunAgain k = 0; k < RUN_AGAIN_COUNT; k++)
        json_set_int(counts, NAMES[k], 0);
    json_array_foreach ((json_t *)(uintptr_t)list, i, item) {
        const char *name = json_get_string(item, "result", "");
        json_set_int(counts, name, json_get_int(counts, name, 0) + 1);
    }
    return counts;
}

static bool is_item(const PlanNode *node)
{
    return !plan_groups(node);
}

static bool look_at_all(Run *run, const json_t *boxes, bool only, json_t *by_path, json_t *items,
                        Error *err)
{
    for (size_t i = 0; i < run->plan->nodes_count; i++) {
        const PlanNode *node = run->plan->nodes[i];
        bool ticks = ticks_one(run->plan, boxes, node);
        if (!is_item(node) || (only && !ticks))
            continue;
        json_t *item = json_object();
        json_array_append_new(items, item);
        json_object_set(by_path, node->path, item);
        if (!look(run, node, ticks, item, err))
            return false;
    }
    return true;
}

static json_t *head_of(const Run *run)
{
    json_t *report = json_object();
    json_set_string(report, "run", run->id_text);
    json_set_string(report, "plan", run->plan->root->name);
    json_set_string(report, "hash", run->plan_hash);
    json_set_string(report, "environment", run->options.environment->name);
    json_set_string(report, "state", json_get_string(run->head, "state", ""));
    return report;
}

bool run_again(Run *run, const char *only, json_t **ret_report, Error *err)
{
    AUTO(json_auto) json_t *by_path = json_object();
    AUTO(json_auto) json_t *items = json_array();
    AUTO(json_auto) json_t *list = plan_tick_json(run->plan);
    json_t *boxes = json_object_get(list, "boxes");
    if (!choose(boxes, only, err) || !look_at_all(run, boxes, only != NULL, by_path, items, err))
        return false;
    fill_boxes(run->plan, by_path, boxes);
    json_t *report = head_of(run);
    json_t *counts = counted(items);
    bool holds = json_get_int(counts, NAMES[RUN_AGAIN_FAIL], 0) == 0;
    json_object_set_new(report, "ok", json_boolean(holds));
    json_object_set_new(report, "counts", counts);
    json_object_set(report, "items", items);
    if (list != NULL)
        json_object_set_new(list, "counts", counted(boxes));
    json_object_set(report, "boxes", list == NULL ? json_null() : list);
    *ret_report = report;
    return true;
}
