/* Intent, compare, set, read back, ledger. In the rollout's detail: "weights" as last set and read
 * back, "intent" while it is not known whether new ones are set. */
#include "rollout/traffic.h"

#include "base/fault.h"
#include "rollout/haproxy.h"

#include <stdio.h>

bool rollout_traffic_is(const PlanNode *rollout)
{
    return json_object_get(rollout->keys, "traffic") != NULL;
}

static json_t *detail_of(const Run *run, const PlanNode *rollout)
{
    json_t *detail = json_object_get(run_step_row(run, rollout->path), "detail");
    return json_is_object(detail) ? json_deep_copy(detail) : json_object();
}

static json_t *weights_json(PlanWeights weights)
{
    json_t *json = json_object();
    json_set_int(json, "blue", weights.blue);
    json_set_int(json, "green", weights.green);
    return json;
}

static bool weights_of(const json_t *detail, const char *key, PlanWeights *ret)
{
    const json_t *json = json_object_get(detail, key);
    *ret = (PlanWeights){.blue = (int)json_get_int(json, "blue", 0),
                         .green = (int)json_get_int(json, "green", 0)};
    return json_is_object(json);
}

static bool same(PlanWeights a, PlanWeights b)
{
    return a.blue == b.blue && a.green == b.green;
}

static bool haproxy_of(const Run *run, const PlanNode *rollout, Arena *arena, RolloutHaproxy *ret,
                       Error *err)
{
    const json_t *given = json_object_get(rollout->keys, "traffic");
    *ret = (RolloutHaproxy){.backend = json_get_string(given, "backend", ""),
                            .blue = json_get_string(given, "blue", ""),
                            .green = json_get_string(given, "green", "")};
    return config_expand(run->options.environment, arena, json_get_string(given, "socket", ""),
                         &ret->socket, err);
}

static bool conflict(const PlanNode *rollout, PlanWeights now, Error *err)
{
    double percent = plan_traffic_percent(now);
    if (percent < 0)
        return error_set(err, ERROR_CONFLICT, "someone set both servers of %s to weight 0",
                         rollout->name);
    return error_set(err, ERROR_CONFLICT,
                     "someone set %s to %.3g %% (weights: blue %d, green %d; a restart of HAProxy "
                     "sets those of its configuration)",
                     rollout->name, percent, now.blue, now.green);
}

/* ------------------------------------------------------------------ setting */

/* One change on its way. */
typedef struct Change {
    Run *run;
    const PlanNode *rollout;
    RolloutHaproxy haproxy;
    PlanWeights wanted;
    json_t *detail; /* of the rollout's row, as it becomes */
} Change;

/* May it be set? What is there must be what we last set, or what an intent of ours means. */
static bool compare(const Change *change, const RolloutServers *now, Error *err)
{
    PlanWeights seen;
    PlanWeights intent;
    bool known = weights_of(change->detail, "weights", &seen);
    bool intended = weights_of(change->detail, "intent", &intent);
    if (intended && same(now->weights, intent))
        return true;
    return !known || same(now->weights, seen) || conflict(change->rollout, now->weights, err);
}

static bool set_and_read(Change *change, PlanWeights before, Error *err)
{
    RolloutServers now;
    if (!rollout_haproxy_write(change->run->loop, &change->haproxy, change->wanted, before, err))
        return false;
    FAULT("traffic.set");
    if (!rollout_haproxy_read(change->run->loop, &change->haproxy, &now, err))
        return false;
    if (!same(now.weights, change->wanted))
        return error_set(
            err, ERROR_REFUSED, "the weights were set to blue %d, green %d and now are %d, %d",
            change->wanted.blue, change->wanted.green, now.weights.blue, now.weights.green);
    json_object_del(change->detail, "intent");
    json_object_set_new(change->detail, "weights", weights_json(now.weights));
    return true;
}

static bool forward(Change *change, Error *err)
{
    RolloutServers now;
    if (!rollout_haproxy_read(change->run->loop, &change->haproxy, &now, err) ||
        !compare(change, &now, err))
        return false;
    if (!now.green_up)
        return error_set(err, ERROR_CONFLICT,
                         "server %s/%s takes no traffic now (down, drained or in maintenance)",
                         change->haproxy.backend, change->haproxy.green);
    json_object_set_new(change->detail, "weights", weights_json(now.weights));
    json_object_set_new(change->detail, "intent", weights_json(change->wanted));
    if (!run_step_apply(change->run, change->rollout, STEP_EVENT_START, change->detail, NULL, err))
        return false;
    FAULT("traffic.intent");
    return set_and_read(change, now.weights, err);
}

/* Whatever it is at; nothing to do where nothing was ever meant. */
static bool back(Change *change, Error *err)
{
    RolloutServers now;
    PlanWeights ignored;
    if (!weights_of(change->detail, "intent", &ignored) &&
        json_object_get(change->detail, "stage") == NULL)
        return true;
    return rollout_haproxy_read(change->run->loop, &change->haproxy, &now, err) &&
           set_and_read(change, now.weights, err);
}

static void tell(const Change *change, double percent, const PlanNode *stage)
{
    AUTO(json_auto) json_t *data = json_object();
    json_object_set_new(data, "percent", json_real(percent));
    json_object_set_new(data, "enabled", json_boolean(stage != NULL));
    json_set_string(data, "to", change->haproxy.green);
    json_object_set_new(data, "weights", weights_json(change->wanted));
    run_tell(change->run, "rollout.flag", change->rollout->path, data);
}

bool rollout_traffic_set(Run *run, const PlanNode *rollout, const PlanNode *stage, StepEvent event,
                         Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *detail = detail_of(run, rollout);
    Change change = {.run = run, .rollout = rollout, .detail = detail};
    double percent = stage == NULL ? 0 : plan_number(stage, "percent");
    if (!haproxy_of(run, rollout, arena, &change.haproxy, err) ||
        !plan_traffic_weights(percent, &change.wanted, err) ||
        !(stage == NULL ? back(&change, err) : forward(&change, err)))
        return false;
    json_object_set_new(detail, "percent", json_real(percent));
    json_object_set_new(detail, "enabled", json_boolean(stage != NULL));
    json_set_string(detail, "stage", stage == NULL ? "" : stage->path);
    if (!run_step_apply(run, rollout, event, detail, NULL, err))
        return false;
    tell(&change, percent, stage);
    return true;
}

/* ------------------------------------------------------------------ looking */

bool rollout_traffic_look(Run *run, const PlanNode *rollout, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    RolloutHaproxy haproxy;
    RolloutServers now;
    PlanWeights set;
    const json_t *detail = json_object_get(run_step_row(run, rollout->path), "detail");
    if (!haproxy_of(run, rollout, arena, &haproxy, err) ||
        !rollout_haproxy_read(run->loop, &haproxy, &now, err))
        return false;
    if (!weights_of(detail, "weights", &set) || !same(now.weights, set))
        return conflict(rollout, now.weights, err);
    return now.green_up || error_set(err, ERROR_INTERNAL,
                                     "server %s/%s takes no traffic now (down, drained or in "
                                     "maintenance)",
                                     haproxy.backend, haproxy.green);
}

void rollout_traffic_accept(Run *run, const PlanNode *rollout)
{
    json_t *detail = json_object_get(run_step_row(run, rollout->path), "detail");
    json_object_del(detail, "weights");
    json_object_del(detail, "intent");
}
