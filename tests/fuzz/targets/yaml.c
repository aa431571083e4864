/* headgate.yaml, from bytes to the resolved configuration, and a small plan checked against it. */
#include "fuzz.h"

#include "plan/config.h"

#include <stdlib.h>
#include <string.h>

static const char PLAN[] =
    "{\"kind\":\"plan\",\"name\":\"p\",\"keys\":{\"doc\":\"d\",\"target\":\"app\"},\"children\":["
    "{\"kind\":\"phase\",\"name\":\"a\",\"children\":[{\"kind\":\"step\",\"name\":\"s\","
    "\"keys\":{\"up\":\"SELECT 1\",\"down\":\"SELECT 2\"}}]},"
    "{\"kind\":\"gate\",\"name\":\"g\",\"keys\":{\"approvers\":[\"admin\",\"dba\"],\"need\":2}},"
    "{\"kind\":\"rollout\",\"name\":\"r\",\"keys\":{\"flag\":{\"$\":\"sql_flag\",\"table\":\"f\","
    "\"name\":\"name\",\"percent\":\"percent\",\"enabled\":\"enabled\"},"
    "\"guards\":[\"error_rate < 1%\",{\"$\":\"thresholds\",\"name\":\"production\"}]},"
    "\"children\":[{\"kind\":\"stage\",\"keys\":{\"percent\":10,\"watch\":\"5s\"}}]}]}";

static Plan *make_plan(void)
{
    Error err = {0};
    Plan *plan = NULL;
    AUTO(json_auto) json_t *graph = json_parse(PLAN, sizeof(PLAN) - 1, &err);
    bool ok = plan_from_graph(graph, &plan, &err);
    invariant(ok);
    return plan;
}

/* Nothing that is shown may be lost on the way to JSON. */
static void check_shown(const Config *config, const ConfigEnvironment *environment)
{
    Error err = {0};
    AUTO(json_auto) json_t *shown = config_shown(config, environment);
    AUTO(base_free) char *text = json_canonical(shown);
    AUTO(json_auto) json_t *again = json_parse(text, strlen(text), &err);
    invariant(again != NULL);
    invariant(json_object_size(json_object_get(shown, "targets")) == environment->targets_count);
    invariant(json_object_size(json_object_get(shown, "approvers")) == environment->roles_count);
    invariant(json_array_size(json_object_get(shown, "thresholds")) ==
              environment->thresholds_count);
    invariant(json_object_size(json_object_get(shown, "watch_us")) == environment->watches_count);
    const char *name;
    json_t *metric;
    json_object_foreach (json_object_get(shown, "metrics"), name, metric)
        invariant(json_object_get(metric, "empty") != NULL);
}

static void check_environment(const Config *config, const ConfigEnvironment *environment,
                              const Plan *plan)
{
    Error err = {0};
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t count = 0;
    check_shown(config, environment);
    invariant(config_environment(config, environment->name) != NULL);
    config_thresholds(config, environment, "production", arena, &count);
    for (size_t i = 0; i < environment->targets_count; i++) {
        invariant(environment->targets[i].shown != NULL && environment->targets[i].url != NULL);
        if (!config_target_ready(&environment->targets[i], &err))
            fuzz_check_error(&err);
    }
    for (size_t i = 0; i < environment->watches_count; i++)
        invariant(environment->watches[i].watch_us >= 0 && environment->watches[i].percent > 0);
    if (!config_check_plan(config, environment, plan, &err))
        fuzz_check_error(&err);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    static Plan *plan;
    Error err = {0};
    Config *config = NULL;
    if (plan == NULL)
        plan = make_plan();
    if (!config_parse("headgate.yaml", (const char *)bytes, size, &config, &err)) {
        fuzz_check_error(&err);
        invariant(text_starts(err.message, "headgate.yaml"));
        return;
    }
    invariant(config->environments_count > 0);
    for (size_t i = 0; i < config->environments_count; i++)
        check_environment(config, &config->environments[i], plan);
    for (size_t i = 0; i < config->notes_count; i++)
        invariant(text_starts(config->notes[i], "headgate.yaml:"));
    config_free(config);
}
