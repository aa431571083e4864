/* From the checked tree of headgate.yaml to the structures of config.h. What the file may hold
 * stands in setting.c; the check of a plan against it in config_check.c. */
#include "plan/config.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "plan/conninfo.h"
#include "plan/metric.h"
#include "plan/notice.h"
#include "plan/setting.h"
#include "plan/store.h"
#include "plan/throttle.h"
#include "plan/variable.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD_INTERVAL_US = 15 * 1000 * 1000 };

static const char DEFAULT_TARGET[] = "app";
static const char DEFAULT_ENVIRONMENT[] = "default";

void config_free(Config *config)
{
    if (config == NULL)
        return;
    plan_metrics_done(config);
    arena_free(config->arena);
    free(config);
}

static void config_auto(Config **config)
{
    config_free(*config);
}

static Config *config_new(const char *path)
{
    Config *config = base_alloc(sizeof(Config));
    config->arena = arena_new();
    config->path = arena_strdup(config->arena, path);
    return config;
}

/* ---- single values (types are checked before) ---- */

/* Leaves *ms as it is when the map does not have the key. */
static void read_ms(const PlanYaml *map, const char *key, int *ms)
{
    *ms = (int)(plan_yaml_duration(map, key, (int64_t)*ms * 1000) / 1000);
}

/* ---- targets ---- */

/* Reads a text that may hold ${NAME}; a missing one makes the target unusable. */
static const char *expanded(Config *config, ConfigTarget *target, const PlanYaml *value)
{
    const char *text = NULL;
    const char *missing = NULL;
    if (plan_conninfo_expand(config->arena, value->text, &text, &missing))
        return text;
    Error problem;
    if (missing[0] == '\0')
        plan_error_at(&problem, value->at, "\"${\" without a name and \"}\"");
    else
        plan_error_at(&problem, value->at, "${%s} is not set in the environment", missing);
    target->problem = arena_strdup(config->arena, problem.message);
    return arena_printf(config->arena, "${%s} is not set", missing);
}

static bool read_target(Config *config, const PlanYaml *map, ConfigTarget *target, Error *err)
{
    const PlanYaml *url = plan_yaml_get(map, "url");
    const PlanYaml *run_as = plan_yaml_get(map, "run_as");
    const char *pooler = plan_yaml_text(map, "pooler");
    if (url != NULL) {
        target->problem = NULL;
        target->url = expanded(config, target, url);
    }
    if (run_as != NULL)
        target->run_as = expanded(config, target, run_as);
    if (pooler != NULL)
        target->pooler_session = strcmp(pooler, "session") == 0;
    read_ms(map, "lock_timeout", &target->lock_timeout_ms);
    read_ms(map, "lock_budget", &target->lock_budget_ms);
    read_ms(map, "victim_wait", &target->lock_victim_wait_ms);
    read_ms(map, "max_block", &target->max_block_ms);
    read_ms(map, "statement_timeout", &target->statement_timeout_ms);
    read_ms(map, "outside_timeout", &target->outside_timeout_ms);
    target->lock_victims = plan_yaml_count(map, "victims", target->lock_victims);
    return plan_throttle_read(config, plan_yaml_get(map, "throttle"), &target->throttle, err);
}

static void finish_target(Config *config, ConfigTarget *target)
{
    const char *shared = getenv("DATABASE_URL");
    if (target->url == NULL)
        target->url = text_empty(shared) ? "" : arena_strdup(config->arena, shared);
    target->shown =
        target->problem != NULL ? target->url : plan_conninfo_shown(config->arena, target->url);
}

static size_t count_of(const PlanYaml *node)
{
    return node == NULL ? 0 : node->count;
}

static ConfigTarget new_target(const char *name, PlanPosition at)
{
    return (ConfigTarget){.name = name, .throttle = plan_throttle_default(), .at = at};
}

/* Those of the environment, on top of the common ones of the same name; then the other common ones.
 */
static bool read_targets(Config *config, const PlanYaml *own, const PlanYaml *common,
                         ConfigEnvironment *environment, Error *err)
{
    size_t most = count_of(own) + count_of(common) + 1;
    environment->targets = arena_alloc(config->arena, most * sizeof(ConfigTarget));
    for (const PlanYaml *map = own == NULL ? NULL : own->first; map != NULL; map = map->next) {
        ConfigTarget *target = &environment->targets[environment->targets_count++];
        *target = new_target(map->key->text, map->key->at);
        const PlanYaml *shared = plan_yaml_get(common, target->name);
        if (shared != NULL && !read_target(config, shared, target, err))
            return false;
        if (!read_target(config, map, target, err))
            return false;
    }
    for (const PlanYaml *map = common == NULL ? NULL : common->first; map != NULL;
         map = map->next) {
        if (plan_yaml_get(own, map->key->text) != NULL)
            continue;
        ConfigTarget *target = &environment->targets[environment->targets_count++];
        *target = new_target(map->key->text, map->key->at);
        if (!read_target(config, map, target, err))
            return false;
    }
    if (environment->targets_count == 0)
        environment->targets[environment->targets_count++] =
            new_target(DEFAULT_TARGET, environment->at);
    for (size_t i = 0; i < environment->targets_count; i++)
        finish_target(config, &environment->targets[i]);
    return true;
}

/* ---- environments ---- */

static void read_roles(Config *config, const PlanYaml *approvers, ConfigEnvironment *environment)
{
    environment->roles = arena_alloc(config->arena, (count_of(approvers) + 1) * sizeof(ConfigRole));
    for (const PlanYaml *list = approvers == NULL ? NULL : approvers->first; list != NULL;
         list = list->next) {
        ConfigRole *role = &environment->roles[environment->roles_count++];
        role->name = list->key->text;
        role->people = arena_alloc(config->arena, (list->count + 1) * sizeof(char *));
        if (list->kind == PLAN_YAML_TEXT)
            role->people[role->people_count++] = list->text;
        for (const PlanYaml *person = list->first; person != NULL; person = person->next) {
            if (!config_role_has(role, person->text)) /* somebody listed twice is one person */
                role->people[role->people_count++] = person->text;
        }
    }
}

static bool read_watches(Config *config, const PlanYaml *watches, ConfigEnvironment *environment,
                         Error *err)
{
    environment->watches =
        arena_alloc(config->arena, (count_of(watches) + 1) * sizeof(ConfigWatch));
    for (const PlanYaml *watch = watches == NULL ? NULL : watches->first; watch != NULL;
         watch = watch->next) {
        ConfigWatch read = {0};
        if (!plan_setting_percent(watch->key->text, &read.percent) ||
            !duration_parse(watch->text, &read.watch_us, err))
            return false;
        for (size_t i = 0; i < environment->watches_count; i++) {
            double other = environment->watches[i].percent;
            if (!(other < read.percent) && !(other > read.percent))
                return plan_error_at(err, watch->key->at, "environments.%s.watch has %s twice",
                                     environment->name, watch->key->text);
        }
        environment->watches[environment->watches_count++] = read;
    }
    return true;
}

static size_t count_limits(const PlanYaml *limits)
{
    size_t count = 0;
    for (const PlanYaml *entry = limits == NULL ? NULL : limits->first; entry != NULL;
         entry = entry->next)
        count += entry->kind == PLAN_YAML_MAP ? entry->count : 1;
    return count;
}

static void note_repaired(Config *config, const PlanYaml *value, const Threshold *threshold)
{
    if (!value->repaired)
        return;
    config->notes[config->notes_count++] = arena_printf(
        config->arena, "%s:%d:%d: understood %s: %s as: %s", value->at.file, value->at.line,
        value->at.column, threshold->metric, value->text, threshold_say(threshold, config->arena));
}

static bool read_limit(Config *config, const PlanYaml *value, const char *group, bool is_alert,
                       ConfigEnvironment *environment, Error *err)
{
    Threshold *threshold = &environment->thresholds[environment->thresholds_count];
    if (!threshold_parse(config->arena, value->text, value->key->text, value->at, threshold, err))
        return false;
    threshold->is_alert = is_alert;
    threshold->group = group;
    environment->thresholds_count++;
    note_repaired(config, value, threshold);
    return true;
}

static bool read_limits(Config *config, const PlanYaml *limits, bool is_alert,
                        ConfigEnvironment *environment, Error *err)
{
    for (const PlanYaml *entry = limits == NULL ? NULL : limits->first; entry != NULL;
         entry = entry->next) {
        if (entry->kind == PLAN_YAML_TEXT &&
            !read_limit(config, entry, NULL, is_alert, environment, err))
            return false;
        for (const PlanYaml *value = entry->first; value != NULL; value = value->next) {
            if (!read_limit(config, value, entry->key->text, is_alert, environment, err))
                return false;
        }
    }
    return true;
}

static bool read_environment(Config *config, const PlanYaml *root, const PlanYaml *map,
                             ConfigEnvironment *environment, Error *err)
{
    const PlanYaml *alerts = plan_yaml_get(map, "alerts");
    const PlanYaml *goals = plan_yaml_get(map, "goals");
    environment->guard_interval_us = plan_yaml_duration(map, "guard_interval", GUARD_INTERVAL_US);
    environment->soak_us = plan_yaml_duration(map, "soak", -1);
    const char *zone = plan_yaml_text(map, "time_zone");
    environment->time_zone = arena_strdup(config->arena, zone == NULL ? "UTC" : zone);
    environment->traffic_none = text_equal(plan_yaml_text(map, "traffic"), "none");
    environment->gates_auto = text_equal(plan_yaml_text(map, "gates"), "auto");
    size_t limits = count_limits(alerts) + count_limits(goals);
    environment->thresholds = arena_alloc(config->arena, (limits + 1) * sizeof(Threshold));
    if (!read_targets(config, plan_yaml_get(map, "targets"), plan_yaml_get(root, "targets"),
                      environment, err))
        return false;
    read_roles(config, plan_yaml_get(map, "approvers"), environment);
    plan_variables_read(config->arena, plan_yaml_get(map, "variables"),
                        plan_yaml_get(root, "variables"), environment);
    plan_stores_read(config, plan_yaml_get(map, "stores"), plan_yaml_get(root, "stores"),
                     environment);
    return plan_notices_read(config, plan_yaml_get(map, "notify"), environment, err) &&
           read_watches(config, plan_yaml_get(map, "watch"), environment, err) &&
           read_limits(config, alerts, true, environment, err) &&
           read_limits(config, goals, false, environment, err);
}

static bool read_environments(Config *config, const PlanYaml *root, Error *err)
{
    const PlanYaml *environments = plan_yaml_get(root, "environments");
    size_t count = count_of(environments);
    config->environments = arena_alloc(config->arena, (count + 1) * sizeof(ConfigEnvironment));
    if (count == 0) {
        config->environments_count = 1;
        config->environments[0].name = DEFAULT_ENVIRONMENT;
        config->environments[0].at = (PlanPosition){.file = config->path};
        return read_environment(config, root, NULL, &config->environments[0], err);
    }
    for (const PlanYaml *map = environments->first; map != NULL; map = map->next) {
        ConfigEnvironment *environment = &config->environments[config->environments_count++];
        environment->name = map->key->text;
        environment->at = map->key->at;
        if (!read_environment(config, root, map, environment, err))
            return false;
    }
    return true;
}

static size_t count_repaired(const PlanYaml *node)
{
    size_t count = node->repaired ? 1 : 0;
    for (const PlanYaml *inner = node->first; inner != NULL; inner = inner->next)
        count += count_repaired(inner); /* no deeper than BOUND_YAML_DEPTH */
    return count;
}

bool config_parse(const char *path, const char *text, size_t bytes, Config **ret_config, Error *err)
{
    AUTO(config_auto) Config *config = config_new(path);
    PlanYaml *root = NULL;
    if (!plan_yaml_parse(config->arena, config->path, text, bytes, &root, err) ||
        !plan_setting_check(root, config->arena, err))
        return false;
    const PlanYaml *state = plan_yaml_get(plan_yaml_get(root, "state"), "target");
    if (state != NULL) {
        config->state_target = state->text;
        config->state_at = state->at;
    }
    config->notes = arena_alloc(config->arena, (count_repaired(root) + 1) * sizeof(char *));
    if (!plan_metrics_read(config, plan_yaml_get(root, "metrics"), err) ||
        !read_environments(config, root, err))
        return false;
    *ret_config = config;
    config = NULL;
    return true;
}

Config *config_default(void)
{
    Config *config = config_new("headgate.yaml");
    Error err;
    bool ok = read_environments(config, NULL, &err);
    invariant(ok);
    return config;
}

static void file_close(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

bool config_read(const char *path, Config **ret_config, Error *err)
{
    AUTO(file_close) FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT) {
        *ret_config = config_default();
        return true;
    }
    if (file == NULL)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    /* one byte more than allowed, so that config_parse can say so */
    AUTO(base_free) char *text = base_alloc(BOUND_YAML_BYTES + 1);
    size_t bytes = fread(text, 1, BOUND_YAML_BYTES + 1, file);
    if (ferror(file))
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    return config_parse(path, text, bytes, ret_config, err);
}

/* ---- reading ---- */

const ConfigEnvironment *config_environment(const Config *config, const char *name)
{
    if (name == NULL && config->environments_count == 1)
        return &config->environments[0];
    for (size_t i = 0; i < config->environments_count; i++) {
        if (text_equal(config->environments[i].name, name == NULL ? DEFAULT_ENVIRONMENT : name))
            return &config->environments[i];
    }
    return NULL;
}

int64_t config_watch_us(const ConfigEnvironment *environment, double percent, int64_t otherwise_us)
{
    for (size_t i = 0; i < environment->watches_count; i++) {
        if (fabs(environment->watches[i].percent - percent) < 1e-9)
            return environment->watches[i].watch_us;
    }
    return otherwise_us;
}

const ConfigTarget *config_target(const ConfigEnvironment *environment, const char *name)
{
    for (size_t i = 0; i < environment->targets_count; i++) {
        if (text_equal(environment->targets[i].name, name))
            return &environment->targets[i];
    }
    return NULL;
}

const ConfigRole *config_role(const ConfigEnvironment *environment, const char *name)
{
    for (size_t i = 0; i < environment->roles_count; i++) {
        if (text_equal(environment->roles[i].name, name))
            return &environment->roles[i];
    }
    return NULL;
}

const ConfigMetric *config_metric(const Config *config, const char *name)
{
    for (size_t i = 0; i < config->metrics_count; i++) {
        if (text_equal(config->metrics[i].name, name))
            return &config->metrics[i];
    }
    return NULL;
}

bool config_role_has(const ConfigRole *role, const char *person)
{
    for (size_t i = 0; i < role->people_count; i++) {
        if (text_equal(role->people[i], person))
            return true;
    }
    return false;
}

const Threshold **config_thresholds(const Config *config, const ConfigEnvironment *environment,
                                    const char *name, Arena *arena, size_t *ret_count)
{
    const ConfigEnvironment *named = config_environment(config, name);
    size_t most = environment->thresholds_count + (named == NULL ? 0 : named->thresholds_count);
    const Threshold **found = arena_alloc(arena, (most + 1) * sizeof(Threshold *));
    *ret_count = 0;
    for (size_t i = 0; i < environment->thresholds_count; i++) {
        if (text_equal(environment->thresholds[i].group, name))
            found[(*ret_count)++] = &environment->thresholds[i];
    }
    if (*ret_count > 0)
        return found;
    for (size_t i = 0; named != NULL && i < named->thresholds_count; i++)
        found[(*ret_count)++] = &named->thresholds[i];
    return named == NULL ? NULL : found;
}

bool config_target_ready(const ConfigTarget *target, Error *err)
{
    return target->problem == NULL || error_set(err, ERROR_INPUT, "%s", target->problem);
}

/* ---- without secrets ---- */

static json_t *targets_shown(const ConfigEnvironment *environment)
{
    json_t *targets = json_object();
    for (size_t i = 0; i < environment->targets_count; i++) {
        const ConfigTarget *target = &environment->targets[i];
        json_t *shown = json_object();
        json_set_string(shown, "url", target->shown);
        json_set_string(shown, "run_as", target->run_as);
        json_set_string(shown, "pooler", target->pooler_session ? "session" : "none");
        json_set_int(shown, "lock_timeout_ms", target->lock_timeout_ms);
        json_set_int(shown, "statement_timeout_ms", target->statement_timeout_ms);
        json_set_int(shown, "outside_timeout_ms", target->outside_timeout_ms);
        json_object_set_new(targets, target->name, shown);
    }
    return targets;
}

static json_t *roles_shown(const ConfigEnvironment *environment)
{
    json_t *roles = json_object();
    for (size_t i = 0; i < environment->roles_count; i++) {
        json_t *people = json_array();
        for (size_t k = 0; k < environment->roles[i].people_count; k++)
            json_array_append_new(people, json_string(environment->roles[i].people[k]));
        json_object_set_new(roles, environment->roles[i].name, people);
    }
    return roles;
}

static json_t *thresholds_shown(const ConfigEnvironment *environment)
{
    json_t *thresholds = json_array();
    for (size_t i = 0; i < environment->thresholds_count; i++) {
        const Threshold *threshold = &environment->thresholds[i];
        json_t *shown = json_object();
        json_set_string(shown, "kind", threshold->is_alert ? "alert" : "goal");
        json_set_string(shown, "group", threshold->group);
        json_set_string(shown, "metric", threshold->metric);
        json_set_string(shown, "limit", threshold->text);
        json_array_append_new(thresholds, shown);
    }
    return thresholds;
}

static json_t *watches_shown(const ConfigEnvironment *environment)
{
    json_t *watches = json_object();
    for (size_t i = 0; i < environment->watches_count; i++) {
        char percent[32];
        snprintf(percent, sizeof(percent), "%.15g", environment->watches[i].percent);
        json_set_int(watches, percent, environment->watches[i].watch_us);
    }
    return watches;
}

json_t *config_shown(const Config *config, const ConfigEnvironment *environment)
{
    json_t *shown = json_object();
    json_set_string(shown, "environment", environment->name);
    json_set_string(shown, "state_target", config->state_target);
    json_object_set_new(shown, "targets", targets_shown(environment));
    json_object_set_new(shown, "approvers", roles_shown(environment));
    json_object_set_new(shown, "thresholds", thresholds_shown(environment));
    json_object_set_new(shown, "watch_us", watches_shown(environment));
    json_set_int(shown, "soak_us", environment->soak_us);
    json_set_int(shown, "guard_interval_us", environment->guard_interval_us);
    if (!text_equal(environment->time_zone, "UTC"))
        json_set_string(shown, "time_zone", environment->time_zone);
    json_set_string(shown, "gates", environment->gates_auto ? "auto" : "people");
    if (environment->traffic_none)
        json_set_string(shown, "traffic", "none");
    json_object_set_new(shown, "metrics", plan_metrics_shown(config));
    if (environment->variables_count > 0)
        json_object_set_new(shown, "variables", plan_variables_shown(environment));
    if (environment->stores_count > 0)
        json_object_set_new(shown, "stores", plan_stores_shown(environment));
    return shown;
}
