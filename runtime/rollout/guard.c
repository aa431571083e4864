/* Guards. */
#include "rollout/guard.h"

#include "base/clock.h"
#include "plan/threshold.h"

const char *rollout_guard_text(Arena *arena, const Threshold *threshold)
{
    bool named = text_starts(threshold->text, threshold->metric);
    const char *text =
        named ? threshold->text : arena_printf(arena, "%s %s", threshold->metric, threshold->text);
    return threshold->is_alert ? arena_printf(arena, "breach when %s", text) : text;
}

static bool add(RolloutGuards *guards, const Threshold *threshold, Error *err)
{
    for (size_t i = 0; i < guards->count; i++) {
        if (text_equal(guards->items[i].threshold.text, threshold->text) &&
            guards->items[i].threshold.is_alert == threshold->is_alert &&
            text_equal(guards->items[i].threshold.metric, threshold->metric))
            return true;
    }
    if (guards->count == ROLLOUT_GUARDS_MAX)
        return error_set(err, ERROR_INPUT, "a stage has more than %d guards", ROLLOUT_GUARDS_MAX);
    RolloutGuard *guard = &guards->items[guards->count++];
    *guard = (RolloutGuard){
        .threshold = *threshold,
        .sample = {.guard = rollout_guard_text(guards->arena, threshold), .verdict = "no_data"}};
    return true;
}

static bool add_named(RolloutGuards *guards, const RolloutGuardsOf *of, const json_t *item,
                      Error *err)
{
    size_t count = 0;
    const Threshold **named = config_thresholds(
        of->config, of->environment, json_get_string(item, "name", ""), guards->arena, &count);
    for (size_t i = 0; i < count; i++) {
        if (!add(guards, named[i], err))
            return false;
    }
    return true;
}

static bool add_node(RolloutGuards *guards, const PlanNode *node, const RolloutGuardsOf *of,
                     Error *err)
{
    const json_t *list = json_object_get(node->keys, "guards");
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach ((json_t *)list, i, item) {
        Threshold threshold;
        bool ok = !json_is_string(item) ? add_named(guards, of, item, err)
                                        : threshold_parse(guards->arena, json_string_value(item),
                                                          NULL, node->at, &threshold, err) &&
                                              add(guards, &threshold, err);
        if (!ok)
            return false;
    }
    return true;
}

bool rollout_guards_collect(RolloutGuards *guards, Arena *arena, const PlanNode *stage,
                            const RolloutGuardsOf *of, Error *err)
{
    guards->arena = arena;
    guards->count = 0;
    if (stage->kind == PLAN_STAGE)
        return add_node(guards, stage->parent, of, err) && add_node(guards, stage, of, err);
    bool ok = add_node(guards, stage, of, err);
    for (size_t i = 0; i < stage->children_count && ok; i++)
        ok = add_node(guards, stage->children[i], of, err);
    return ok;
}

void rollout_guard_take(RolloutGuard *guard, bool has_value, double value, int64_t now_us)
{
    bool breach = has_value && threshold_breached(&guard->threshold, value);
    guard->sample.has_value = has_value;
    guard->sample.value = has_value ? value : 0;
    guard->sample.verdict = !has_value ? "no_data" : breach ? "breach" : "ok";
    if (!breach) {
        if (has_value)
            guard->breaches = 0;
        return;
    }
    if (guard->breaches++ == 0)
        guard->breached_since_us = now_us;
    guard->breached_us = now_us - guard->breached_since_us;
}

static bool counts_as_breach(const RolloutGuard *guard)
{
    if (guard->breaches == 0)
        return false;
    return guard->threshold.for_us > 0 ? guard->breached_us >= guard->threshold.for_us
                                       : guard->breaches >= ROLLOUT_BREACHES_MAX;
}

RolloutVerdict rollout_guards_judge(const RolloutGuards *guards, const RolloutGuard **ret_worst)
{
    RolloutVerdict verdict = ROLLOUT_OK;
    for (size_t i = 0; i < guards->count; i++) {
        const RolloutGuard *guard = &guards->items[i];
        RolloutVerdict own = counts_as_breach(guard)   ? ROLLOUT_BREACH
                             : guard->sample.has_value ? ROLLOUT_OK
                                                       : ROLLOUT_NO_DATA;
        if (own > verdict) {
            verdict = own;
            *ret_worst = guard;
        }
    }
    return verdict;
}

bool rollout_guards_hold(const RolloutGuards *guards)
{
    size_t held = 0;
    while (held < guards->count && text_equal(guards->items[held].sample.verdict, "ok"))
        held++;
    return held == guards->count;
}

static void sample_one(RolloutGuard *guard, const RunMetric *metric)
{
    double factor = 1;
    if (metric != NULL && !metric->fresh)
        return; /* one sample is one sample, however often it is looked at */
    bool has_value = metric != NULL && metric->answer.has_value &&
                     threshold_convert(metric->metric->unit, guard->threshold.unit, &factor);
    guard->why = has_value ? "" : metric != NULL ? metric->answer.why : "it is not defined";
    rollout_guard_take(guard, has_value, has_value ? metric->answer.value * factor : 0,
                       clock_monotonic_us());
}

void rollout_guards_sample(RolloutGuards *guards, RunMetrics *metrics)
{
    for (size_t i = 0; i < guards->count; i++)
        (void)run_metrics_find(metrics, guards->items[i].threshold.metric);
    run_metrics_ask(metrics);
    for (size_t i = 0; i < guards->count; i++)
        sample_one(&guards->items[i], run_metrics_find(metrics, guards->items[i].threshold.metric));
}

json_t *rollout_guards_json(const RolloutGuards *guards)
{
    json_t *list = json_array();
    for (size_t i = 0; i < guards->count; i++) {
        const RolloutGuard *guard = &guards->items[i];
        json_t *item = json_object();
        json_set_string(item, "guard", guard->sample.guard);
        json_set_string(item, "metric", guard->threshold.metric);
        json_object_set_new(item, "value",
                            guard->sample.has_value ? json_real(guard->sample.value) : json_null());
        json_set_string(item, "op", threshold_op_text(guard->threshold.op));
        json_object_set_new(item, "alert", json_boolean(guard->threshold.is_alert));
        json_object_set_new(item, "limit", json_real(guard->threshold.limit));
        json_set_string(item, "unit", guard->threshold.unit);
        json_set_string(item, "verdict", guard->sample.verdict);
        json_set_string(item, "why", guard->why == NULL ? "" : guard->why);
        json_set_int(item, "breaches", guard->breaches);
        json_set_int(item, "breaches_max", ROLLOUT_BREACHES_MAX);
        json_array_append_new(list, item);
    }
    return list;
}
