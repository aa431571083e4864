/* Looks evidence up by path first, then by name. */
#include "plan/evidence.h"

#include "base/suggest.h"
#include "plan/word.h"

#include <string.h>

static bool wrong(const PlanNode *gate, Error *err, const char *name, const char *what)
{
    bool in_stage = gate->parent->kind == PLAN_STAGE;
    return plan_error_at(err, plan_key_position(gate, "evidence"),
                         "gate %s\"%s\": evidence \"%s\" %s", in_stage ? "of stage " : "",
                         gate->name, name, what);
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

static bool find(Plan *plan, const PlanNode *gate, const char *name, const PlanNode **ret_node,
                 Error *err)
{
    const PlanNode *found = plan_find(plan, name);
    if (found != NULL && can_be_evidence(found)) {
        *ret_node = found;
        return true;
    }
    found = NULL;
    for (size_t i = 1; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        if (!can_be_evidence(node) || strcmp(node->name, name) != 0)
            continue;
        if (found != NULL)
            return wrong(gate, err, name,
                         arena_printf(plan->arena, "is the name of several: write \"%s\" or \"%s\"",
                                      found->path, node->path));
        found = node;
    }
    if (found == NULL) {
        const char *best = nearest(plan, name);
        return wrong(gate, err, name,
                     best == NULL
                         ? "is no phase or step of this plan"
                         : arena_printf(plan->arena,
                                        "is no phase or step of this plan (did you mean %s?)",
                                        best));
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

static bool resolve_one(Plan *plan, const PlanNode *gate, const char *name, json_t *paths,
                        Error *err)
{
    const PlanNode *node = NULL;
    if (!find(plan, gate, name, &node, err))
        return false;
    if (holds(node, gate))
        return wrong(gate, err, name, "is not finished there: the gate stands in it");
    if (node->index > gate->index)
        return wrong(gate, err, name, "comes after the gate");
    json_array_append_new(paths, json_string(node->path));
    return true;
}

static bool resolve_gate(Plan *plan, PlanNode *gate, Error *err)
{
    size_t count;
    const char **names = plan_strings(gate, "evidence", plan->arena, &count);
    if (count == 0)
        return true;
    AUTO(json_auto) json_t *paths = json_array();
    for (size_t i = 0; i < count; i++) {
        if (!resolve_one(plan, gate, names[i], paths, err))
            return false;
    }
    /* not before the loop ends: names are borrowed from the list that goes */
    json_object_set(gate->keys, "evidence", paths);
    return true;
}

bool plan_evidence_resolve(Plan *plan, Error *err)
{
    for (size_t i = 0; i < plan->nodes_count; i++) {
        if (plan->nodes[i]->kind == PLAN_GATE && !resolve_gate(plan, plan->nodes[i], err))
            return false;
    }
    return true;
}
