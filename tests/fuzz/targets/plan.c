/* A plan's graph, from JSON to the tree, and everything that is asked of a tree. */
#include "fuzz.h"

#include "plan/config.h"
#include "plan/word.h"

#include <stdlib.h>
#include <string.h>

static void check_key(const Plan *plan, const PlanNode *node, const char *key, Arena *arena)
{
    size_t count = 0;
    PlanPosition at = plan_key_position(node, key);
    invariant(at.file != NULL);
    const char **texts = plan_strings(node, key, arena, &count);
    for (size_t i = 0; i < count; i++)
        invariant(texts[i] != NULL);
    if (text_equal(key, "evidence")) {
        for (size_t i = 0; i < count; i++)
            invariant(plan_find(plan, texts[i]) != NULL);
    }
    plan_sql(node, key);
    plan_has_function(node, key);
    plan_text(node, key);
    plan_number(node, key);
    plan_bool(node, key);
    plan_duration_us(node, key);
}

static void check_node(const Plan *plan, const PlanNode *node, Arena *arena)
{
    invariant(plan->nodes[node->index] == node);
    invariant(plan_find(plan, node->path) == node);
    invariant((node->parent == NULL) == (node == plan->root));
    AUTO(base_free) char *keys = json_canonical(node->keys);
    invariant(keys[0] == '{');
    for (const PlanKey *key = node->word->keys; key != NULL && key->name != NULL; key++) {
        invariant(!key->required || json_object_get(node->keys, key->name) != NULL);
        check_key(plan, node, key->name, arena);
    }
    plan_mutates(node);
    invariant(plan_table(node, arena) != NULL);
    for (size_t i = 0; i < node->children_count; i++)
        invariant(node->children[i]->parent == node && node->children[i]->index > node->index);
}

/* The same graph is the same plan, in whatever order its keys stand. */
static void check_hash(const Plan *plan)
{
    Error err = {0};
    AUTO(plan_auto) Plan *again = NULL;
    AUTO(base_free) char *canonical = json_canonical(plan->graph);
    AUTO(json_auto) json_t *graph = json_parse(canonical, strlen(canonical), &err);
    invariant(graph != NULL);
    bool ok = plan_from_graph(graph, &again, &err);
    invariant(ok && strcmp(again->hash, plan->hash) == 0);
    invariant(again->nodes_count == plan->nodes_count);
}

static void check_plan(const Plan *plan)
{
    static Config *config;
    Error err = {0};
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < plan->nodes_count; i++)
        check_node(plan, plan->nodes[i], arena);
    check_hash(plan);
    if (config == NULL)
        config = config_default();
    if (!config_check_plan(config, config_environment(config, NULL), plan, &err))
        fuzz_check_error(&err);
}

static void build(void *ctx)
{
    json_t *graph = ctx;
    Error err = {0};
    AUTO(plan_auto) Plan *plan = NULL;
    if (plan_from_graph(graph, &plan, &err))
        check_plan(plan);
    else
        fuzz_check_error(&err);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    Error err = {0};
    AUTO(json_auto) json_t *graph = json_parse((const char *)bytes, size, &err);
    if (graph == NULL)
        fuzz_check_error(&err);
    else
        fuzz_on_fiber_stack(build, graph);
}
