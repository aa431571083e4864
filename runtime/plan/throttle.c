/* Reading what slows row work. */
#include "plan/throttle.h"

#include "base/clock.h"
#include "plan/setting.h"

#include <string.h>

const PlanSetting PLAN_THROTTLE_FIELDS[] = {
    {.name = "replica_lag",
     .type = SETTING_DURATION,
     .fallback = "5s",
     .doc = "How far the slowest streaming replica may be behind. One that goes away counts for a "
            "minute as one that cannot be read."},
    {.name = "blocked",
     .type = SETTING_DURATION,
     .fallback = "500ms",
     .doc = "How long a session may wait for rows that a batch of ours holds."},
    {.name = "wal_backlog",
     .type = SETTING_COUNT,
     .fallback = "1024",
     .doc = "MiB of WAL that wait to be archived, where the server archives."},
    {.name = "active_sessions",
     .type = SETTING_COUNT,
     .fallback = "no limit",
     .doc = "Sessions of others that work at the same moment."},
    {.name = "autovacuum",
     .type = SETTING_CHOICE,
     .choices = "wraparound any none",
     .fallback = "wraparound",
     .doc = "Which autovacuum of the table is made room for. wraparound: only one that must not be "
            "late."},
    {.name = "metrics",
     .type = SETTING_LIMITS,
     .doc = "Limits on metrics, `api_p95: > 200ms`: the pace is steered so that they are just "
            "kept, and paused at twice the limit. No data is as bad."},
    {0},
};

ConfigThrottle plan_throttle_default(void)
{
    return (ConfigThrottle){
        .replica_lag_us = 5000000, .blocked_us = 500000, .wal_backlog_mib = 1024};
}

static bool read_metric(Config *config, const PlanYaml *value, ConfigThrottle *throttle, Error *err)
{
    Threshold *threshold = &throttle->metrics[throttle->metrics_count];
    if (value->kind != PLAN_YAML_TEXT)
        return plan_error_at(err, value->at, "throttle.metrics has no groups");
    if (!threshold_parse(config->arena, value->text, value->key->text, value->at, threshold, err))
        return false;
    bool above = threshold->op == OP_GREATER || threshold->op == OP_GREATER_EQUAL;
    if (!above || threshold->limit <= 0)
        return plan_error_at(err, value->at,
                             "what throttles is a number that is too high: \"> 200ms\", not \"%s\"",
                             value->text);
    threshold->is_alert = true;
    throttle->metrics_count++;
    return true;
}

static bool read_metrics(Config *config, const PlanYaml *map, ConfigThrottle *throttle, Error *err)
{
    if (map == NULL)
        return true;
    throttle->metrics = arena_alloc(config->arena, (map->count + 1) * sizeof(Threshold));
    throttle->metrics_count = 0;
    for (const PlanYaml *value = map->first; value != NULL; value = value->next) {
        if (!read_metric(config, value, throttle, err))
            return false;
    }
    return true;
}

bool plan_throttle_read(Config *config, const PlanYaml *map, ConfigThrottle *throttle, Error *err)
{
    static const char *const VACUUMS[] = {
        [VACUUM_WRAPAROUND] = "wraparound", [VACUUM_ANY] = "any", [VACUUM_NONE] = "none"};
    if (map == NULL)
        return true;
    throttle->replica_lag_us = plan_yaml_duration(map, "replica_lag", throttle->replica_lag_us);
    throttle->blocked_us = plan_yaml_duration(map, "blocked", throttle->blocked_us);
    throttle->wal_backlog_mib = plan_yaml_count(map, "wal_backlog", throttle->wal_backlog_mib);
    throttle->active_sessions = plan_yaml_count(map, "active_sessions", throttle->active_sessions);
    const PlanYaml *vacuum = plan_yaml_get(map, "autovacuum");
    for (ConfigVacuum i = 0; vacuum != NULL && i < COUNT_OF(VACUUMS); i++) {
        if (text_equal(vacuum->text, VACUUMS[i]))
            throttle->autovacuum = i;
    }
    return read_metrics(config, plan_yaml_get(map, "metrics"), throttle, err);
}
