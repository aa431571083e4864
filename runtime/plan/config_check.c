/* Does everything a plan refers to exist in an environment of headgate.yaml? */
#include "base/suggest.h"
#include "plan/config.h"
#include "plan/metric.h"
#include "plan/store.h"
#include "plan/variable.h"

#include <string.h>

typedef struct Check {
    const Config *config;
    const ConfigEnvironment *environment;
    const Plan *plan;
    Arena *arena;
} Check;

static const char *mean(const Check *check, const Suggest *suggest)
{
    return suggest->best == NULL ? ""
                                 : arena_printf(check->arena, " (did you mean %s?)", suggest->best);
}

static bool unknown_target(const Check *check, PlanPosition at, const char *name, Error *err)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    for (size_t i = 0; i < check->environment->targets_count; i++)
        suggest_offer(&suggest, check->environment->targets[i].name);
    return plan_error_at(err, at, "target \"%s\" is not defined for %s%s", name,
                         check->environment->name, mean(check, &suggest));
}

static bool check_target(const Check *check, const char *name, PlanPosition at, Error *err)
{
    const ConfigTarget *target = config_target(check->environment, name);
    return target == NULL ? unknown_target(check, at, name, err) : config_target_ready(target, err);
}

static bool check_targets(const Check *check, Error *err)
{
    const PlanNode *root = check->plan->root;
    const char *state = check->config->state_target;
    return check_target(check, plan_text(root, "target"), plan_key_position(root, "target"), err) &&
           (state == NULL || check_target(check, state, check->config->state_at, err));
}

/* ---- people ---- */

static bool check_role(const Check *check, const PlanNode *node, const char *key, const char *name,
                       Error *err)
{
    const ConfigRole *role = config_role(check->environment, name);
    if (role != NULL && role->people_count > 0)
        return true;
    Suggest suggest;
    suggest_init(&suggest, name);
    for (size_t i = 0; i < check->environment->roles_count; i++)
        suggest_offer(&suggest, check->environment->roles[i].name);
    return plan_error_at(err, plan_key_position(node, key), "role \"%s\" %s %s%s", name,
                         role == NULL ? "is not defined for" : "has nobody in",
                         check->environment->name, role == NULL ? mean(check, &suggest) : "");
}

static bool check_roles(const Check *check, const PlanNode *node, const char *key, Error *err)
{
    size_t count;
    const char **names = plan_strings(node, key, check->arena, &count);
    for (size_t i = 0; i < count; i++) {
        if (!check_role(check, node, key, names[i], err))
            return false;
    }
    return true;
}

/* Distinct people of the gate's roles: somebody with two roles counts once. */
static size_t count_people(const Check *check, const PlanNode *gate)
{
    size_t count;
    const char **names = plan_strings(gate, "approvers", check->arena, &count);
    AUTO(json_auto) json_t *people = json_object();
    for (size_t i = 0; i < count; i++) {
        const ConfigRole *role = config_role(check->environment, names[i]);
        for (size_t k = 0; role != NULL && k < role->people_count; k++)
            json_object_set_new(people, role->people[k], json_true());
    }
    return json_object_size(people);
}

static bool check_gate(const Check *check, const PlanNode *gate, Error *err)
{
    if (check->environment->gates_auto)
        return true;
    if (!check_roles(check, gate, "approvers", err))
        return false;
    size_t people = count_people(check, gate);
    if (plan_number(gate, "need") <= (double)people)
        return true;
    return plan_error_at(err, plan_key_position(gate, "need"),
                         "gate \"%s\" needs %.0f approvals, but its roles have %zu %s in %s",
                         gate->name, plan_number(gate, "need"), people,
                         people == 1 ? "person" : "people", check->environment->name);
}

/* ---- thresholds ---- */

/* at is where the metric's name stands; used_by is the guard that brings it in. */
static bool check_metric(const Check *check, const Threshold *threshold, PlanPosition used_by,
                         Error *err)
{
    const ConfigMetric *metric = config_metric(check->config, threshold->metric);
    bool elsewhere =
        !text_equal(threshold->at.file, used_by.file) || threshold->at.line != used_by.line;
    const char *used =
        elsewhere ? arena_printf(check->arena, "; used by %s:%d", used_by.file, used_by.line) : "";
    if (metric == NULL) {
        Suggest suggest;
        suggest_init(&suggest, threshold->metric);
        for (size_t i = 0; i < check->config->metrics_count; i++)
            suggest_offer(&suggest, check->config->metrics[i].name);
        return plan_error_at(err, threshold->at, "metric \"%s\" is not defined%s%s",
                             threshold->metric, mean(check, &suggest), used);
    }
    double factor;
    if (!threshold_convert(metric->unit, threshold->unit, &factor))
        return plan_error_at(err, threshold->at,
                             "\"%s\" does not fit metric %s, whose unit is %s%s", threshold->text,
                             metric->name, metric->unit, used);
    return (metric->target == NULL || check_target(check, metric->target, metric->at, err)) &&
           plan_metric_check(metric, check->environment, err);
}

static bool check_throttle(const Check *check, Error *err)
{
    const ConfigTarget *target =
        config_target(check->environment, plan_text(check->plan->root, "target"));
    for (size_t i = 0; i < target->throttle.metrics_count; i++) {
        const Threshold *threshold = &target->throttle.metrics[i];
        if (!check_metric(check, threshold, threshold->at, err))
            return false;
    }
    return true;
}

static bool check_named_thresholds(const Check *check, const PlanNode *node, const char *name,
                                   Error *err)
{
    size_t count;
    PlanPosition at = plan_key_position(node, "guards");
    const Threshold **found =
        config_thresholds(check->config, check->environment, name, check->arena, &count);
    if (found == NULL || count == 0) {
        Suggest suggest;
        suggest_init(&suggest, name);
        for (size_t i = 0; i < check->environment->thresholds_count; i++) {
            const char *group = check->environment->thresholds[i].group;
            suggest_offer(&suggest, group == NULL ? "" : group);
        }
        for (size_t i = 0; i < check->config->environments_count; i++)
            suggest_offer(&suggest, check->config->environments[i].name);
        return plan_error_at(err, at, "thresholds \"%s\" are not defined for %s%s", name,
                             check->environment->name, found == NULL ? mean(check, &suggest) : "");
    }
    for (size_t i = 0; i < count; i++) {
        if (!check_metric(check, found[i], at, err))
            return false;
    }
    return true;
}

static bool check_guards(const Check *check, const PlanNode *node, Error *err)
{
    const json_t *guards = json_object_get(node->keys, "guards");
    PlanPosition at = plan_key_position(node, "guards");
    for (size_t i = 0; i < json_array_size(guards); i++) {
        const json_t *guard = json_array_get(guards, i);
        Threshold threshold;
        if (!json_is_string(guard)) {
            if (!check_named_thresholds(check, node, json_get_string(guard, "name", ""), err))
                return false;
        } else if (!threshold_parse(check->arena, json_string_value(guard), NULL, at, &threshold,
                                    err) ||
                   !check_metric(check, &threshold, at, err)) {
            return false;
        }
    }
    return true;
}

static bool check_node(const Check *check, const PlanNode *node, Error *err)
{
    switch (node->kind) {
    case PLAN_GATE:
        return check_gate(check, node, err);
    case PLAN_MANUAL:
    case PLAN_CHECKLIST:
        return check->environment->gates_auto || check_roles(check, node, "role", err);
    case PLAN_ROLLOUT:
    case PLAN_STAGE:
        return check_guards(check, node, err);
    default:
        return true;
    }
}

bool config_check_plan(const Config *config, const ConfigEnvironment *environment, const Plan *plan,
                       Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    Check check = {config, environment, plan, arena};
    if (!check_targets(&check, err) || !check_throttle(&check, err))
        return false;
    for (size_t i = 0; i < plan->nodes_count; i++) {
        if (!check_node(&check, plan->nodes[i], err) ||
            !plan_variables_check(environment, plan->nodes[i], err) ||
            !plan_stores_check(environment, plan->nodes[i], err))
            return false;
    }
    return true;
}
