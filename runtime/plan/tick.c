/* Texts to boxes. A box is found by its text; when several have it, by the texts of headings (and
 * of outer boxes) before it: "Heading > text". */
#include "plan/tick.h"

#include "base/suggest.h"
#include "plan/value.h"
#include "plan/word.h"

#include <stdlib.h>
#include <string.h>

static const char BETWEEN[] = " > ";

typedef struct Finder {
    Plan *plan;
    PlanTicks *ticks;
    json_t *texts; /* text → [box, …] */
    size_t capacity;
} Finder;

static const char *const CLASS_NAMES[BOX_CLASSES] = {
    [BOX_UNBOUND] = "unbound",
    [BOX_AUTOMATIC] = "automatic",
    [BOX_METRIC] = "metric",
    [BOX_SIGN_OFF] = "sign-off",
};

const char *plan_tick_class_name(BoxClass class)
{
    return CLASS_NAMES[class];
}

static BoxClass class_of(PlanKind kind)
{
    switch (kind) {
    case PLAN_GATE:
    case PLAN_MANUAL:
    case PLAN_CHECKLIST:
        return BOX_SIGN_OFF;
    case PLAN_ROLLOUT:
    case PLAN_STAGE:
        return BOX_METRIC;
    default:
        return BOX_AUTOMATIC;
    }
}

/* ------------------------------------------------------------------ finding a box */

/* Takes " > name" or "name" from the end of path. */
static bool take_name(const char *path, size_t *length, const char *name)
{
    size_t bytes = strlen(name);
    size_t between = strlen(BETWEEN);
    if (*length < bytes || memcmp(path + *length - bytes, name, bytes) != 0)
        return false;
    size_t left = *length - bytes;
    if (left > 0 && (left < between || memcmp(path + left - between, BETWEEN, between) != 0))
        return false;
    *length = left > 0 ? left - between : 0;
    return true;
}

/* Do the headings and boxes around box, from the inside out, hold all names of path? Some may be
 * left out. */
static bool stands_under(const PlanBoxes *boxes, const PlanBox *box, const char *path,
                         size_t length)
{
    for (size_t i = box->outer; i != BOX_NONE && length > 0; i = boxes->boxes[i].outer)
        take_name(path, &length, boxes->boxes[i].text);
    for (size_t i = box->heading; i != BOX_NONE && length > 0; i = boxes->headings[i].outer)
        take_name(path, &length, boxes->headings[i].text);
    return length == 0;
}

/* Counts the boxes that text means; the first two of them. */
static size_t find(const Finder *finder, const char *text, size_t ret_boxes[2])
{
    const PlanBoxes *boxes = finder->ticks->boxes;
    size_t count = 0;
    for (const char *at = text; at != NULL && count == 0;) {
        size_t before = at == text ? 0 : (size_t)(at - text) - strlen(BETWEEN);
        size_t i = 0;
        json_t *box = NULL;
        json_array_foreach (json_object_get(finder->texts, at), i, box) {
            size_t index = (size_t)json_integer_value(box);
            if (!stands_under(boxes, &boxes->boxes[index], text, before))
                continue;
            if (count < 2)
                ret_boxes[count] = index;
            count++;
        }
        at = strstr(at, BETWEEN);
        at = at == NULL ? NULL : at + strlen(BETWEEN);
    }
    return count;
}

static const char *label_of(const Finder *finder, const PlanNode *node)
{
    return arena_printf(finder->plan->arena, "%s \"%s\"", node->word->name, node->name);
}

static bool unknown(const Finder *finder, const PlanTick *tick, const char *text, Error *err)
{
    const PlanBoxes *boxes = finder->ticks->boxes;
    Suggest suggest;
    suggest_init(&suggest, text);
    for (size_t i = 0; i < boxes->boxes_count; i++) {
        suggest_offer(&suggest, boxes->boxes[i].text);
        if (strstr(text, BETWEEN) != NULL)
            suggest_offer(&suggest, plan_box_address(finder->plan->arena, boxes, &boxes->boxes[i]));
    }
    return plan_error_at(
        err, tick->at, "%s: \"%s\" is no box of %s%s%s%s", label_of(finder, tick->node), text,
        boxes->file, suggest.best == NULL ? "" : " (did you mean \"",
        suggest.best == NULL ? "" : suggest.best, suggest.best == NULL ? "" : "\"?)");
}

static bool several(const Finder *finder, const PlanTick *tick, const char *text,
                    const size_t found[2], Error *err)
{
    const PlanBoxes *boxes = finder->ticks->boxes;
    const PlanBox *first = &boxes->boxes[found[0]];
    const PlanBox *second = &boxes->boxes[found[1]];
    Arena *arena = finder->plan->arena;
    const char *one = plan_box_address(arena, boxes, first);
    const char *other = plan_box_address(arena, boxes, second);
    const char *label = label_of(finder, tick->node);
    if (text_equal(one, other))
        return plan_error_at(err, tick->at,
                             "%s: \"%s\" stands in lines %d and %d of %s under the same heading: "
                             "give one of them another text",
                             label, text, first->line, second->line, boxes->file);
    return plan_error_at(err, tick->at,
                         "%s: \"%s\" stands in lines %d and %d of %s: write \"%s\" or \"%s\"",
                         label, text, first->line, second->line, boxes->file, one, other);
}

static void add(Finder *finder, const PlanTick *tick)
{
    PlanTicks *ticks = finder->ticks;
    if (ticks->count == finder->capacity) {
        finder->capacity = finder->capacity == 0 ? 64 : finder->capacity * 2;
        PlanTick *more = arena_alloc(finder->plan->arena, finder->capacity * sizeof(PlanTick));
        if (ticks->count > 0)
            memcpy(more, ticks->ticks, ticks->count * sizeof(PlanTick));
        ticks->ticks = more;
    }
    ticks->ticks[ticks->count++] = *tick;
}

static bool bind_text(Finder *finder, PlanTick tick, const char *text, Error *err)
{
    size_t found[2] = {0};
    const char *plain = plan_box_plain(finder->plan->arena, text, strlen(text));
    size_t count = find(finder, plain, found);
    if (count != 1)
        return count == 0 ? unknown(finder, &tick, plain, err)
                          : several(finder, &tick, plain, found, err);
    tick.box = found[0];
    add(finder, &tick);
    return true;
}

static bool bind_list(Finder *finder, const PlanTick *tick, const json_t *texts, Error *err)
{
    size_t i = 0;
    json_t *text = NULL;
    json_array_foreach ((json_t *)(uintptr_t)texts, i, text) {
        if (!bind_text(finder, *tick, json_string_value(text), err))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ nodes */

/* An item whose text is a box ticks it; one that is none, or means several, is only an item. */
static void bind_items(Finder *finder, const PlanNode *node)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(node->keys, "items"), i, item) {
        size_t found[2] = {0};
        const char *text = json_string_value(item);
        const char *plain = plan_box_plain(finder->plan->arena, text, strlen(text));
        if (find(finder, plain, found) == 1)
            add(finder, &(PlanTick){.box = found[0],
                                    .node = node,
                                    .item = (int)i,
                                    .at = plan_key_position(node, "items")});
    }
}

static bool bind_node(Finder *finder, const PlanNode *node, Error *err)
{
    const json_t *ticks = json_object_get(node->keys, "ticks");
    PlanTick tick = {.node = node, .item = -1, .at = plan_key_position(node, "ticks")};
    if (node->kind == PLAN_CHECKLIST)
        bind_items(finder, node);
    if (!json_is_object(ticks))
        return bind_list(finder, &tick, ticks, err);
    const char *metric = NULL;
    json_t *texts = NULL;
    json_object_foreach ((json_t *)(uintptr_t)ticks, metric, texts) {
        tick.metric = metric;
        if (!bind_list(finder, &tick, texts, err))
            return false;
    }
    return true;
}

static bool check_no_ticks(const Plan *plan, Error *err)
{
    for (size_t i = 0; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        if (json_object_get(node->keys, "ticks") != NULL)
            return plan_error_at(err, plan_key_position(node, "ticks"),
                                 "%s \"%s\" ticks a box, but the plan names no document: write "
                                 "document = file \"document.md\" in plan",
                                 node->word->name, node->name);
    }
    return true;
}

/* ------------------------------------------------------------------ classes */

static int compare_ticks(const void *left, const void *right)
{
    const PlanTick *a = left;
    const PlanTick *b = right;
    if (a->box != b->box)
        return a->box < b->box ? -1 : 1;
    if (a->node->index != b->node->index)
        return a->node->index < b->node->index ? -1 : 1;
    return a->item - b->item;
}

/* A box above others, with no tick of its own, is bound when all of them are. */
static void classify_outer(PlanTicks *ticks)
{
    const PlanBoxes *boxes = ticks->boxes;
    bool *has_unbound = base_alloc((boxes->boxes_count + 1) * sizeof(bool));
    BoxClass *inner = base_alloc((boxes->boxes_count + 1) * sizeof(BoxClass));
    for (size_t i = boxes->boxes_count; i-- > 0;) {
        if (ticks->classes[i] == BOX_UNBOUND && !has_unbound[i])
            ticks->classes[i] = inner[i];
        size_t outer = boxes->boxes[i].outer;
        if (outer == BOX_NONE)
            continue;
        has_unbound[outer] = has_unbound[outer] || ticks->classes[i] == BOX_UNBOUND;
        inner[outer] = ticks->classes[i] > inner[outer] ? ticks->classes[i] : inner[outer];
    }
    free(has_unbound);
    free(inner);
}

static void classify(PlanTicks *ticks)
{
    for (size_t i = 0; i < ticks->count; i++) {
        BoxClass *class = &ticks->classes[ticks->ticks[i].box];
        BoxClass more = class_of(ticks->ticks[i].node->kind);
        *class = more > *class ? more : *class;
    }
    classify_outer(ticks);
    for (size_t i = 0; i < ticks->boxes->boxes_count; i++)
        ticks->by_class[ticks->classes[i]]++;
}

static json_t *index_texts(const PlanBoxes *boxes)
{
    json_t *texts = json_object();
    for (size_t i = 0; i < boxes->boxes_count; i++) {
        json_t *list = json_object_get(texts, boxes->boxes[i].text);
        if (list == NULL) {
            list = json_array();
            json_object_set_new(texts, boxes->boxes[i].text, list);
        }
        json_array_append_new(list, json_integer((json_int_t)i));
    }
    return texts;
}

static bool bind_all(Finder *finder, Error *err)
{
    for (size_t i = 0; i < finder->plan->nodes_count; i++) {
        if (!bind_node(finder, finder->plan->nodes[i], err))
            return false;
    }
    return true;
}

bool plan_tick_resolve(Plan *plan, Error *err)
{
    const json_t *document = json_object_get(plan->root->keys, "document");
    if (document == NULL)
        return check_no_ticks(plan, err);
    PlanTicks *ticks = arena_alloc(plan->arena, sizeof(PlanTicks));
    if (!plan_box_read(plan->arena, json_get_string(document, "file", ""),
                       json_get_string(document, "text", ""), &ticks->boxes, err))
        return false;
    AUTO(json_auto) json_t *texts = index_texts(ticks->boxes);
    Finder finder = {.plan = plan, .ticks = ticks, .texts = texts};
    if (!bind_all(&finder, err))
        return false;
    if (ticks->count > 0)
        qsort(ticks->ticks, ticks->count, sizeof(PlanTick), compare_ticks);
    ticks->classes = arena_alloc(plan->arena, (ticks->boxes->boxes_count + 1) * sizeof(BoxClass));
    classify(ticks);
    plan->ticks = ticks;
    return true;
}

/* ------------------------------------------------------------------ as JSON */

static json_t *tick_json(const PlanTick *tick)
{
    json_t *one = json_object();
    json_set_string(one, "path", tick->node->path);
    json_set_string(one, "kind", plan_kind_name(tick->node->kind));
    json_set_string(one, "name", tick->node->name);
    if (tick->metric != NULL)
        json_set_string(one, "metric", tick->metric);
    if (tick->item >= 0)
        json_set_int(one, "item", tick->item);
    json_t *roles =
        json_object_get(tick->node->keys, tick->node->kind == PLAN_GATE ? "approvers" : "role");
    if (json_is_array(roles) && class_of(tick->node->kind) == BOX_SIGN_OFF)
        json_object_set(one, "roles", roles);
    json_t *evidence = json_object_get(tick->node->keys, "evidence");
    if (evidence != NULL)
        json_object_set(one, "evidence", evidence);
    return one;
}

static json_t *headings_json(const PlanBoxes *boxes, const PlanBox *box)
{
    json_t *headings = json_array();
    for (size_t i = box->heading; i != BOX_NONE; i = boxes->headings[i].outer)
        json_array_insert_new(headings, 0, json_string(boxes->headings[i].text));
    return headings;
}

static json_t *box_json(const PlanTicks *ticks, size_t index, size_t *at)
{
    const PlanBox *box = &ticks->boxes->boxes[index];
    json_t *one = json_object();
    json_set_string(one, "text", box->text);
    json_set_int(one, "line", box->line);
    json_object_set_new(one, "headings", headings_json(ticks->boxes, box));
    json_object_set_new(
        one, "outer", box->outer == BOX_NONE ? json_null() : json_integer((json_int_t)box->outer));
    json_object_set_new(one, "claimed", json_boolean(box->claimed));
    json_set_string(one, "class", plan_tick_class_name(ticks->classes[index]));
    json_t *list = json_array();
    for (; *at < ticks->count && ticks->ticks[*at].box == index; ++*at)
        json_array_append_new(list, tick_json(&ticks->ticks[*at]));
    json_object_set_new(one, "ticks", list);
    return one;
}

json_t *plan_tick_json(const Plan *plan)
{
    const PlanTicks *ticks = plan->ticks;
    if (ticks == NULL)
        return NULL;
    json_t *whole = json_object();
    json_t *counts = json_object();
    json_t *boxes = json_array();
    json_set_string(whole, "file", ticks->boxes->file);
    for (BoxClass class = 0; class < BOX_CLASSES; class ++)
        json_set_int(counts, plan_tick_class_name(class), (int64_t)ticks->by_class[class]);
    json_object_set_new(whole, "counts", counts);
    size_t at = 0;
    for (size_t i = 0; i < ticks->boxes->boxes_count; i++)
        json_array_append_new(boxes, box_json(ticks, i, &at));
    json_object_set_new(whole, "boxes", boxes);
    return whole;
}
