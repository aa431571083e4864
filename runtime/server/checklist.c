/* Box by box. A box is ticked when everything that ticks it is done; one that failed shows it, and
 * one that a rollback took back is open again. */
#include "server/checklist.h"

#include "plan/tick.h"

#include <string.h>

typedef struct Fill {
    const Plan *plan;
    const json_t *run;
    json_t *steps;   /* path → row */
    json_t *answers; /* path → [answer, …] */
    bool back;
} Fill;

/* jansson's loops read only, but ask for a json_t * that is not const */
static json_t *loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

static json_t *by_path(const json_t *rows)
{
    json_t *map = json_object();
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (loose(rows), i, row)
        json_object_set(map, json_get_string(row, "path", ""), row);
    return map;
}

static json_t *lists_by_path(const json_t *rows)
{
    json_t *map = json_object();
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (loose(rows), i, row) {
        const char *path = json_get_string(row, "path", "");
        json_t *list = json_object_get(map, path);
        if (list == NULL) {
            list = json_array();
            json_object_set_new(map, path, list);
        }
        json_array_append(list, row);
    }
    return map;
}

/* ------------------------------------------------------------------ one tick */

/* What the state of a step means for a box. */
static const char *state_of_step(const Fill *fill, const PlanNode *node, const char *step)
{
    if (text_equal(step, "done"))
        return fill->back && node->kind == PLAN_VERIFY ? "taken_back" : "ticked";
    if (text_equal(step, "failed") || text_equal(step, "undo_failed"))
        return "failed";
    if (text_equal(step, "undone") || text_equal(step, "undoing"))
        return "taken_back";
    return text_equal(step, "skipped") ? "skipped" : "open";
}

/* From the worst to the best: a box, or a node that holds others, is what the worst of its parts
 * is. */
static const char *const WORST_FIRST[] = {"failed", "taken_back", "skipped", "open", "ticked"};

static size_t rank(const char *state)
{
    size_t i = 0;
    while (i < COUNT_OF(WORST_FIRST) && !text_equal(WORST_FIRST[i], state))
        i++;
    return i;
}

static const char *worse(const char *a, const char *b)
{
    return a == NULL || rank(b) < rank(a) ? b : a;
}

static const char *state_of_node(const Fill *fill,
                                 const PlanNode *node) // NOLINT(misc-no-recursion): bounded depth
{
    const json_t *row = json_object_get(fill->steps, node->path);
    if (row != NULL || !plan_groups(node))
        return state_of_step(fill, node, json_get_string(row, "state", "pending"));
    const char *state = NULL;
    for (size_t i = 0; i < node->children_count; i++)
        state = worse(state, state_of_node(fill, node->children[i]));
    return state == NULL ? "open" : state;
}

static void add_person(json_t *people, const char *person)
{
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach (people, i, one) {
        if (text_equal(json_string_value(one), person))
            return;
    }
    if (!text_empty(person))
        json_array_append_new(people, json_string(person));
}

/* Answers of people: all, or those to one item. The last of them dates the tick. */
static size_t add_answers(const Fill *fill, const char *path, int item, json_t *tick)
{
    json_t *by = json_object_get(tick, "by");
    size_t i = 0;
    size_t count = 0;
    json_t *answer = NULL;
    json_array_foreach (json_object_get(fill->answers, path), i, answer) {
        if (item >= 0 && json_get_int(answer, "item", -1) != item)
            continue;
        count++;
        add_person(by, json_get_string(answer, "by", ""));
        json_set_string(tick, "at", json_get_string(answer, "at", NULL));
        if (json_get_string(answer, "note", "")[0] != '\0')
            json_set_string(tick, "text", json_get_string(answer, "note", ""));
    }
    return count;
}

/* Those who approved, people or a policy, and what they said. */
static void add_approvals(const Fill *fill, const char *path, const json_t *detail, json_t *tick)
{
    size_t i = 0;
    json_t *gate = NULL;
    json_t *person = NULL;
    json_array_foreach (json_object_get(detail, "approved_by"), i, person)
        add_person(json_object_get(tick, "by"), json_string_value(person));
    json_array_foreach (json_object_get(fill->run, "gates"), i, gate) {
        if (!text_equal(json_get_string(gate, "path", ""), path))
            continue;
        size_t k = 0;
        json_t *approval = NULL;
        json_array_foreach (json_object_get(gate, "approvals"), k, approval) {
            if (!text_equal(json_get_string(approval, "decision", ""), "approve"))
                continue;
            add_person(json_object_get(tick, "by"), json_get_string(approval, "person", ""));
            if (json_get_string(approval, "comment", "")[0] != '\0')
                json_set_string(tick, "text", json_get_string(approval, "comment", ""));
        }
    }
}

/* The newest verdict of a metric's guard in the rollout that node is or stands in. */
static const json_t *guard_of(const Fill *fill, const PlanNode *node, const char *metric)
{
    const PlanNode *rollout = node->kind == PLAN_STAGE ? node->parent : node;
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach (json_object_get(fill->run, "rollouts"), i, one) {
        if (!text_equal(json_get_string(one, "path", ""), rollout->path))
            continue;
        size_t k = 0;
        json_t *guard = NULL;
        json_array_foreach (json_object_get(one, "guards"), k, guard) {
            if (text_equal(json_get_string(guard, "metric", ""), metric))
                return guard;
        }
    }
    return NULL;
}

static void add_guard(const Fill *fill, const PlanNode *node, json_t *tick)
{
    const json_t *guard = guard_of(fill, node, json_get_string(tick, "metric", ""));
    if (guard == NULL)
        return;
    const json_t *value = json_object_get(guard, "value");
    AUTO(base_free)
    char *text =
        json_is_number(value)
            ? base_printf("%.6g; %s", json_number_value(value), json_get_string(guard, "guard", ""))
            : base_printf("no data; %s", json_get_string(guard, "guard", ""));
    json_set_string(tick, "text", text);
    json_object_set(tick, "value", loose(value == NULL ? json_null() : value));
    json_object_set(tick, "at", json_object_get(guard, "at"));
    if (text_equal(json_get_string(guard, "verdict", ""), "breach"))
        json_set_string(tick, "state", "failed");
}

static void fill_tick(const Fill *fill, json_t *tick)
{
    const char *path = json_get_string(tick, "path", "");
    const PlanNode *node = plan_find(fill->plan, path);
    const json_t *row = json_object_get(fill->steps, path);
    const json_t *detail = json_object_get(row, "detail");
    int item = (int)json_get_int(tick, "item", -1);
    const char *problem = json_get_string(json_object_get(row, "error"), "message", NULL);
    const char *text = problem != NULL ? problem : json_get_string(detail, "text", NULL);
    json_set_string(tick, "state", state_of_node(fill, node));
    json_set_string(tick, "text", text);
    json_set_string(tick, "at", json_get_string(row, "finished_at", NULL));
    json_object_set_new(tick, "by", json_array());
    if (node->kind == PLAN_GATE)
        add_approvals(fill, path, detail, tick);
    if (node->kind == PLAN_MANUAL || node->kind == PLAN_CHECKLIST) {
        size_t answers = add_answers(fill, path, item, tick);
        if (item >= 0)
            json_set_string(tick, "state", answers > 0 ? "ticked" : "open");
    }
    if (json_object_get(tick, "metric") != NULL)
        add_guard(fill, node, tick);
}

/* ------------------------------------------------------------------ boxes */

static void fill_box(const Fill *fill, json_t *box)
{
    const char *state = NULL;
    size_t i = 0;
    json_t *tick = NULL;
    json_array_foreach (json_object_get(box, "ticks"), i, tick) {
        fill_tick(fill, tick);
        state = worse(state, json_get_string(tick, "state", "open"));
    }
    json_set_string(box, "state", state == NULL ? "unbound" : state);
}

/* An outer box without a tick of its own is what the worst box in it is. */
static void fill_outer(json_t *boxes)
{
    size_t count = json_array_size(boxes);
    for (size_t i = count; i-- > 0;) {
        json_t *box = json_array_get(boxes, i);
        bool own = json_array_size(json_object_get(box, "ticks")) > 0;
        bool bound =
            !text_equal(json_get_string(box, "class", ""), plan_tick_class_name(BOX_UNBOUND));
        const char *inner = json_get_string(box, "inner", NULL);
        if (!own && bound && inner != NULL)
            json_set_string(box, "state", inner);
        json_t *outer = json_array_get(boxes, (size_t)json_get_int(box, "outer", (int64_t)count));
        if (outer != NULL)
            json_set_string(outer, "inner",
                            worse(json_get_string(outer, "inner", NULL),
                                  json_get_string(box, "state", "open")));
        json_object_del(box, "inner");
    }
}

static void count_states(const json_t *boxes, json_t *counts)
{
    size_t i = 0;
    json_t *box = NULL;
    json_set_int(counts, "boxes", (int64_t)json_array_size(boxes));
    for (size_t s = 0; s < COUNT_OF(WORST_FIRST); s++)
        json_set_int(counts, WORST_FIRST[s], 0);
    json_array_foreach (loose(boxes), i, box) {
        const char *state = json_get_string(box, "state", "");
        if (!text_equal(state, "unbound"))
            json_set_int(counts, state, json_get_int(counts, state, 0) + 1);
    }
}

json_t *server_checklist(const Plan *plan, const json_t *run)
{
    json_t *whole = plan_tick_json(plan);
    if (whole == NULL)
        return NULL;
    AUTO(json_auto) json_t *steps = by_path(json_object_get(run, "steps"));
    AUTO(json_auto) json_t *answers = lists_by_path(json_object_get(run, "answers"));
    const Fill fill = {.plan = plan,
                       .run = run,
                       .steps = steps,
                       .answers = answers,
                       .back = text_equal(json_get_string(run, "direction", ""), "back")};
    json_t *boxes = json_object_get(whole, "boxes");
    size_t i = 0;
    json_t *box = NULL;
    json_array_foreach (boxes, i, box)
        fill_box(&fill, box);
    fill_outer(boxes);
    count_states(boxes, json_object_get(whole, "counts"));
    return whole;
}
