/* Looks nodes up by path first, then by name. */
#include "plan/evidence.h"

#include "base/suggest.h"
#include "plan/word.h"

#include <string.h>

typedef struct Resolver {
    Plan *plan;
    const json_t *names; /* index_names() */
} Resolver;

/* gate: a gate, or a verify with holds_until. */
static bool wrong(const PlanNode *gate, Error *err, const char *name, const char *what)
{
    bool in_stage = gate->parent->kind == PLAN_STAGE;
    const char *key = gate->kind == PLAN_GATE ? "evidence" : "holds_until";
    return plan_error_at(err, plan_key_position(gate, key), "%s %s\"%s\": %s \"%s\" %s",
                         plan_kind_name(gate->kind), in_stage ? "of stage " : "", gate->name, key,
                         name, what);
}

/* Stages and their gates are no evidence: they have verdicts of their own and share names. */
static bool can_be_evidence(const PlanNode *node)
{
    return node->parent != NULL && node->kind != PLAN_STAGE &&
           (node->kind != PLAN_GATE || node->parent->kind != PLAN_STAGE);
}

static const char *nearest(const Plan *plan, const char *name)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    for (size_t i = 1; i < plan->nodes_count; i++) {
        if (!can_be_evidence(plan->nodes[i]))
            continue;
        suggest_offer(&suggest, plan->nodes[i]->name);
        suggest_offer(&suggest, plan->nodes[i]->path);
    }
    return suggest.best;
}

/* {name: [index, index of a second one]}: a plan may have thousands of gates with as many names
 * each. */
static json_t *index_names(const Plan *plan)
{
    json_t *names = json_object();
    for (size_t i = 1; i < plan->nodes_count; i++) {
        if (!can_be_evidence(plan->nodes[i]))
            continue;
        json_t *found = json_object_get(names, plan->nodes[i]->name);
        if (found == NULL) {
            found = json_array();
            json_object_set_new(names, plan->nodes[i]->name, found);
        }
        if (json_array_size(found) < 2)
            json_array_append_new(found, json_integer((json_int_t)i));
    }
    return names;
}

static bool unknown(const Resolver *resolver, const PlanNode *gate, const char *name, Error *err)
{
    const char *best = nearest(resolver->plan, name);
    const char *what = "is no phase or step of this plan";
    if (best != NULL)
        what = arena_printf(resolver->plan->arena, "%s (did you mean %s?)", what, best);
    return wrong(gate, err, name, what);
}

static bool find(const Resolver *resolver, const PlanNode *gate, const char *name,
                 const PlanNode **ret_node, Error *err)
{
    const Plan *plan = resolver->plan;
    const PlanNode *found = plan_find(plan, name);
    if (found != NULL && can_be_evidence(found)) {
        *ret_node = found;
        return true;
    }
    const json_t *indexes = json_object_get(resolver->names, name);
    if (indexes == NULL)
        return unknown(resolver, gate, name, err);
    found = plan->nodes[json_integer_value(json_array_get(indexes, 0))];
    if (json_array_size(indexes) > 1) {
        const PlanNode *other = plan->nodes[json_integer_value(json_array_get(indexes, 1))];
        return wrong(gate, err, name,
                     arena_printf(plan->arena, "is the name of several: write \"%s\" or \"%s\"",
                                  found->path, other->path));
    }
    *ret_node = found;
    return true;
}

static bool holds(const PlanNode *outer, const PlanNode *inner)
{
    for (const PlanNode *node = inner; node != NULL; node = node->parent) {
        if (node == outer)
            return true;
    }
    return false;
}

static bool resolve_one(const Resolver *resolver, const PlanNode *gate, const char *name,
                        json_t *paths, Error *err)
{
    const PlanNode *node = NULL;
    if (!find(resolver, gate, name, &node, err))
        return false;
    if (holds(node, gate))
        return wrong(gate, err, name, "is not finished there: the gate stands in it");
    if (node->index > gate->index)
        return wrong(gate, err, name, "comes after the gate");
    json_array_append_new(paths, json_string(node->path));
    return true;
}

static bool resolve_gate(const Resolver *resolver, PlanNode *gate, Error *err)
{
    size_t count;
    const char **names = plan_strings(gate, "evidence", resolver->plan->arena, &count);
    if (count == 0)
        return true;
    AUTO(json_auto) json_t *paths = json_array();
    for (size_t i = 0; i < count; i++) {
        if (!resolve_one(resolver, gate, names[i], paths, err))
            return false;
    }
    /* not before the loop ends: names are borrowed from the list that goes */
    json_object_set(gate->keys, "evidence", paths);
    return true;
}

static bool resolve_until(const Resolver *resolver, PlanNode *verify, Error *err)
{
    const PlanNode *node = NULL;
    const char *name = plan_text(verify, "holds_until");
    if (name == NULL)
        return true;
    if (!find(resolver, verify, name, &node, err))
        return false;
    if (node->index <= verify->index)
        return wrong(verify, err, name, "does not come after it");
    json_set_string(verify->keys, "holds_until", node->path);
    return true;
}

bool plan_evidence_resolve(Plan *plan, Error *err)
{
    AUTO(json_auto) json_t *names = index_names(plan);
    Resolver resolver = {plan, names};
    for (size_t i = 0; i < plan->nodes_count; i++) {
        PlanNode *node = plan->nodes[i];
        if ((node->kind == PLAN_GATE && !resolve_gate(&resolver, node, err)) ||
            (node->kind == PLAN_VERIFY && !resolve_until(&resolver, node, err)))
            return false;
    }
    return true;
}
