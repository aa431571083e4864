/* A function that several nodes share reads for each of them, and two functions may stand in one
 * line: a place is wrong only when none of the nodes that read there stands behind the gate. What
 * runs too early all the same is refused while it runs (rollout/gate_answer.c). */
#include "plan/answer.h"

#include "base/suggest.h"

void plan_answer_take(Plan *plan, PlanNode *node, const json_t *graph)
{
    const json_t *list = json_object_get(graph, "answers");
    PlanAnswer *answers = arena_alloc(plan->arena, (json_array_size(list) + 1) * sizeof(*answers));
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)(uintptr_t)list, i, item) {
        const char *file = json_get_string(item, "file", node->at.file);
        answers[i] =
            (PlanAnswer){.name = arena_strdup(plan->arena, json_get_string(item, "gate", "")),
                         .field = arena_strdup(plan->arena, json_get_string(item, "field", "")),
                         .at = {arena_strdup(plan->arena, file), (int)json_get_int(item, "line", 0),
                                (int)json_get_int(item, "column", 0)}};
    }
    node->answers = answers;
    node->answers_count = json_array_size(list);
}

static bool wrong(const PlanAnswer *answer, Error *err, const char *what)
{
    return plan_error_at(err, answer->at, "answer(\"%s\", \"%s\"): %s", answer->name, answer->field,
                         what);
}

static bool unknown(Plan *plan, const PlanAnswer *answer, const char *what, const Suggest *suggest,
                    Error *err)
{
    if (suggest->best != NULL)
        what = arena_printf(plan->arena, "%s (did you mean \"%s\"?)", what, suggest->best);
    return wrong(answer, err, what);
}

static bool no_gate(Plan *plan, const PlanAnswer *answer, Error *err)
{
    Suggest suggest;
    suggest_init(&suggest, answer->name);
    for (size_t i = 0; i < plan->nodes_count; i++) {
        if (plan->nodes[i]->kind == PLAN_GATE) {
            suggest_offer(&suggest, plan->nodes[i]->name);
            suggest_offer(&suggest, plan->nodes[i]->path);
        }
    }
    return unknown(plan, answer, "the plan has no such gate", &suggest, err);
}

static bool find_gate(Plan *plan, PlanAnswer *answer, Error *err)
{
    const PlanNode *found = plan_find(plan, answer->name);
    if (found != NULL && found->kind == PLAN_GATE) {
        answer->gate = found;
        return true;
    }
    for (size_t i = 0; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        if (node->kind != PLAN_GATE || !text_equal(node->name, answer->name))
            continue;
        if (answer->gate != NULL)
            return wrong(answer, err,
                         arena_printf(plan->arena,
                                      "several gates have that name: write \"%s\" or \"%s\"",
                                      answer->gate->path, node->path));
        answer->gate = node;
    }
    return answer->gate != NULL || no_gate(plan, answer, err);
}

static bool find_field(Plan *plan, const PlanAnswer *answer, Error *err)
{
    json_t *fields = json_object_get(answer->gate->keys, "fields");
    Suggest suggest;
    const char *name;
    json_t *field;
    if (json_object_get(fields, answer->field) != NULL)
        return true;
    if (json_object_size(fields) == 0)
        return wrong(answer, err, "that gate asks nothing: it has no fields");
    suggest_init(&suggest, answer->field);
    json_object_foreach (fields, name, field)
        suggest_offer(&suggest, name);
    return unknown(plan, answer, "that gate does not ask for it", &suggest, err);
}

/* "plan.lua:12:7"; the caller's. */
static char *place_of(const PlanAnswer *answer)
{
    return base_printf("%s:%d:%d", answer->at.file, answer->at.line, answer->at.column);
}

/* The places where a node behind the gate reads, as keys of a set. */
static json_t *places_in_time(const Plan *plan)
{
    json_t *places = json_object();
    for (size_t n = 0; n < plan->nodes_count; n++) {
        const PlanNode *node = plan->nodes[n];
        for (size_t i = 0; i < node->answers_count; i++) {
            const PlanAnswer *answer = &node->answers[i];
            AUTO(base_free) char *place = place_of(answer);
            if (node->parent == NULL || answer->gate->index < node->index)
                json_object_set_new(places, place, json_true());
        }
    }
    return places;
}

static bool check_order(Plan *plan, Error *err)
{
    AUTO(json_auto) json_t *places = places_in_time(plan);
    for (size_t n = 0; n < plan->nodes_count; n++) {
        const PlanNode *node = plan->nodes[n];
        for (size_t i = 0; i < node->answers_count; i++) {
            const PlanAnswer *answer = &node->answers[i];
            AUTO(base_free) char *place = place_of(answer);
            if (json_object_get(places, place) == NULL)
                return wrong(
                    answer, err,
                    arena_printf(plan->arena,
                                 "the gate does not stand before %s \"%s\": only what comes "
                                 "after a gate can read what was answered there",
                                 plan_kind_name(node->kind), node->name));
        }
    }
    return true;
}

bool plan_answer_resolve(Plan *plan, Error *err)
{
    for (size_t n = 0; n < plan->nodes_count; n++) {
        const PlanNode *node = plan->nodes[n];
        for (size_t i = 0; i < node->answers_count; i++) {
            if (!find_gate(plan, &node->answers[i], err) ||
                !find_field(plan, &node->answers[i], err))
                return false;
        }
    }
    return check_order(plan, err);
}
