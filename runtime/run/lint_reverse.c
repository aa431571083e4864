/* Ways back to a store whose data was imported: what is written meanwhile is in the database only.
 */
#include "run/lint_walk.h"

#include "sql/name.h"

#include <string.h>

static bool is_import(const PlanNode *node)
{
    return node->kind == PLAN_IMPORT;
}

static const PlanNode *first_import(const Plan *plan)
{
    for (size_t i = 0; i < plan->nodes_count; i++) {
        if (is_import(plan->nodes[i]))
            return plan->nodes[i];
    }
    return NULL;
}

/* A trigger of the plan on an imported table, or a publication, can tell the store of every write.
 */
static bool is_noticed(const RunLintWalk *walk, const PlanNode *import)
{
    const char *table = sql_name_last(plan_table(import, walk->arena));
    const SqlObjects *made = &walk->memory.made;
    for (size_t i = 0; i < made->count; i++) {
        bool trigger =
            made->items[i].kind == SQL_OBJECT_TRIGGER && strcmp(made->items[i].table, table) == 0;
        if (trigger || made->items[i].kind == SQL_OBJECT_PUBLICATION)
            return true;
    }
    return false;
}

static bool all_noticed(const RunLintWalk *walk)
{
    bool all = true;
    for (size_t i = 0; i < walk->plan->nodes_count; i++) {
        if (is_import(walk->plan->nodes[i]))
            all = all && is_noticed(walk, walk->plan->nodes[i]);
    }
    return all;
}

/* What lets the application use the imported rows, and can be taken back; else the rollback that
 * the plan promises. */
static const PlanNode *way_back(const Plan *plan, const PlanNode *import, const char **ret_key)
{
    for (size_t i = import->index; i < plan->nodes_count; i++) {
        const PlanNode *node = plan->nodes[i];
        bool program = node->kind == PLAN_EXEC || node->kind == PLAN_HTTP;
        *ret_key = program ? "undo" : "name";
        if (node->kind == PLAN_ROLLOUT || (program && json_object_get(node->keys, "undo") != NULL))
            return node;
    }
    *ret_key = "budgets";
    const json_t *budgets = json_object_get(plan->root->keys, "budgets");
    return json_object_get(budgets, "rollback") == NULL ? NULL : plan->root;
}

void run_lint_reverse(RunLintWalk *walk)
{
    const char *key = NULL;
    const PlanNode *import = first_import(walk->plan);
    const PlanNode *back = import == NULL ? NULL : way_back(walk->plan, import, &key);
    if (back == NULL || all_noticed(walk))
        return;
    walk->node = back;
    run_lint_say(walk, key, run_lint_rule(RUN_LINT_NO_REVERSE), 0,
                 arena_printf(walk->arena, "the way back to \"%s\"",
                              json_get_string(import->keys, "data", "")));
}
