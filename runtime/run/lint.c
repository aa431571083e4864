/* One walk over the plan, with what its steps have made so far. */
#include "run/lint.h"

#include "run/lint_walk.h"
#include "sql/position.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 5 };

/* ------------------------------------------------------------------ saying */

int run_lint_line(const PlanNode *node, const char *key, size_t at_bytes)
{
    int line = 0;
    int column = 0;
    const json_t *value = json_object_get(node->keys, key);
    if (plan_sql(node, key) == NULL)
        return plan_key_position(node, key).line;
    sql_position_of(plan_sql(node, key), at_bytes, &line, &column);
    return (int)json_get_int(value, "line", node->at.line) + line - 1;
}

/* The reason why the node, or one above it, allows the rule. */
static const char *allowed(RunLintWalk *walk, const char *rule)
{
    for (const PlanNode *node = walk->node; node != NULL; node = node->parent) {
        const char *reason = json_get_string(json_object_get(node->keys, "allow"), rule, NULL);
        if (reason == NULL)
            continue;
        json_object_set_new(walk->used, arena_printf(walk->arena, "%s/%s", node->path, rule),
                            json_true());
        return reason;
    }
    return NULL;
}

void run_lint_say(RunLintWalk *walk, const char *key, const SqlLintRule *rule, size_t at_bytes,
                  const char *what)
{
    const PlanNode *node = walk->node;
    const json_t *value = json_object_get(node->keys, key);
    const char *reason = allowed(walk, rule->name);
    const char *file = plan_sql(node, key) == NULL ? plan_key_position(node, key).file
                                                   : json_get_string(value, "file", node->at.file);
    json_t *one = json_object();
    json_set_string(one, "file", file);
    json_set_int(one, "line", run_lint_line(node, key, at_bytes));
    json_set_string(one, "rule", rule->name);
    json_set_string(one, "level", sql_lint_level_name(rule->level));
    json_set_string(one, "path", node->path);
    json_set_string(one, "text", arena_printf(walk->arena, "%s: %s", what, rule->why));
    json_set_string(one, "advice", rule->advice);
    if (reason != NULL)
        json_set_string(one, "allowed", reason);
    json_array_append_new(walk->found, one);
}

const char *run_lint_names(Arena *arena, const SqlObject *objects, size_t count, bool kinds)
{
    const char *text = "";
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
        text = arena_printf(arena, "%s%s%s%s%s", text, i == 0 ? "" : ", ",
                            kinds ? sql_object_kind_name(objects[i].kind) : "", kinds ? " " : "",
                            kinds ? sql_object_text(arena, &objects[i]) : objects[i].name);
    return count > NAMES_SHOWN ? arena_printf(arena, "%s and %zu more", text, count - NAMES_SHOWN)
                               : text;
}

size_t run_lint_count(const json_t *found, const char *level)
{
    size_t count = 0;
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach ((json_t *)(uintptr_t)found, i, one)
        count += text_equal(json_get_string(one, "level", ""), level) &&
                 json_object_get(one, "allowed") == NULL;
    return count;
}

/* ------------------------------------------------------------------ the walk */

static void lint_text(RunLintWalk *walk, const char *key, bool down)
{
    SqlFindings findings = {.arena = walk->arena};
    SqlLintText text = {.text = plan_sql(walk->node, key),
                        .down = down,
                        .outside = !plan_bool(walk->node, "transaction"),
                        .proven = json_object_get(walk->node->keys, "proof") != NULL};
    sql_lint(&text, &walk->memory, &findings);
    for (size_t i = 0; i < findings.count; i++)
        run_lint_say(walk, key, sql_lint_rule(findings.items[i].lint), findings.items[i].at_bytes,
                     findings.items[i].what);
}

static void lint_step(RunLintWalk *walk)
{
    run_lint_copies(walk);
    run_lint_down(walk);
    run_lint_fill(walk);
    lint_text(walk, "up", false);
    lint_text(walk, "down", true);
}

static void lint_node(RunLintWalk *walk)
{
    switch (walk->node->kind) {
    case PLAN_STEP:
        lint_step(walk);
        break;
    case PLAN_CHECK:
    case PLAN_VERIFY:
        run_lint_look(walk, "sql");
        run_lint_look(walk, "no_rows");
        break;
    case PLAN_ROLLOUT:
    case PLAN_SOAK: /* new code runs by then */
        sql_lint_used(&walk->memory, NULL);
        break;
    default:
        run_lint_outside(walk);
        break;
    }
}

static int by_place(const void *one, const void *other)
{
    const json_t *const *a = one;
    const json_t *const *b = other;
    int64_t order = json_get_int(*a, "node", 0) - json_get_int(*b, "node", 0);
    if (order == 0)
        order = strcmp(json_get_string(*a, "file", ""), json_get_string(*b, "file", ""));
    if (order == 0)
        order = json_get_int(*a, "line", 0) - json_get_int(*b, "line", 0);
    if (order == 0)
        order = json_get_int(*a, "found", 0) - json_get_int(*b, "found", 0);
    return order < 0 ? -1 : order > 0;
}

static json_t *sorted(Arena *arena, const Plan *plan, json_t *found)
{
    size_t count = json_array_size(found);
    json_t **items = arena_alloc(arena, (count + 1) * sizeof(json_t *));
    json_t *result = json_array();
    for (size_t i = 0; i < count; i++) {
        items[i] = json_array_get(found, i);
        const PlanNode *node = plan_find(plan, json_get_string(items[i], "path", ""));
        json_set_int(items[i], "node", node == NULL ? 0 : (int64_t)node->index);
        json_set_int(items[i], "found", (int64_t)i);
    }
    qsort(items, count, sizeof(json_t *), by_place);
    for (size_t i = 0; i < count; i++) {
        json_object_del(items[i], "node");
        json_object_del(items[i], "found");
        json_array_append(result, items[i]);
    }
    return result;
}

json_t *run_lint(const Plan *plan, RunLintExists *exists, void *ctx)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *found = json_array();
    AUTO(json_auto) json_t *used = json_object();
    RunLintWalk walk = {.arena = arena,
                        .plan = plan,
                        .found = found,
                        .used = used,
                        .memory = {.made = {.arena = arena}},
                        .locked = {.arena = arena},
                        .exists = exists,
                        .exists_ctx = ctx};
    for (size_t i = 0; i < plan->nodes_count; i++) {
        walk.node = plan->nodes[i];
        lint_node(&walk);
    }
    run_lint_reverse(&walk);
    run_lint_order(&walk);
    run_lint_allow(&walk);
    return sorted(arena, plan, found);
}
