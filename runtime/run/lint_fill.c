/* Columns that are added, and who fills them: those that refer to other rows, and large ones. */
#include "run/lint_walk.h"

#include "sql/name.h"
#include "sql/tree.h"

#include <string.h>

typedef struct Fill {
    RunLintWalk *walk;
    SqlObject column;
    bool filled;
} Fill;

/* ------------------------------------------------------------------ who fills */

static void see_update(const char *node, const json_t *body, size_t at_bytes, void *ctx)
{
    Fill *fill = ctx;
    UNUSED(at_bytes);
    size_t i = 0;
    json_t *item = NULL;
    const json_t *relation = json_object_get(body, "relation");
    if (strcmp(node, "DoStmt") == 0 || strcmp(node, "CallStmt") == 0)
        fill->filled = true; /* not seen: it may */
    if (strcmp(node, "UpdateStmt") != 0 ||
        !text_equal(json_get_string(relation, "relname", ""), fill->column.table))
        return;
    json_array_foreach (json_object_get(body, "targetList"), i, item) {
        const json_t *target = json_object_get(item, "ResTarget");
        fill->filled =
            fill->filled || text_equal(json_get_string(target, "name", ""), fill->column.name);
    }
}

/* A backfill or import of the table, and any Lua or program, may fill it. */
static bool may_fill(const PlanNode *node, const Fill *fill, Arena *arena)
{
    bool rows = node->kind == PLAN_BACKFILL || node->kind == PLAN_IMPORT;
    const char *table = rows ? plan_table(node, arena) : NULL;
    return node->kind == PLAN_TASK || node->kind == PLAN_EXEC || node->kind == PLAN_HTTP ||
           (table != NULL && strcmp(sql_name_last(table), fill->column.table) == 0);
}

static bool is_filled(RunLintWalk *walk, Fill *fill)
{
    for (size_t i = walk->node->index; i < walk->plan->nodes_count && !fill->filled; i++) {
        const PlanNode *node = walk->plan->nodes[i];
        fill->filled = may_fill(node, fill, walk->arena);
        if (node->kind == PLAN_STEP)
            sql_tree_each(plan_sql(node, "up"), see_update, fill);
    }
    return fill->filled;
}

/* ------------------------------------------------------------------ which columns */

static bool is_document(const json_t *column)
{
    const char *type = sql_tree_type(json_object_get(column, "typeName"));
    return text_equal(type, "jsonb") || text_equal(type, "json");
}

/* Named after it, as "events.canonical_event" is. */
static bool has_backfill(const RunLintWalk *walk, const SqlObject *column)
{
    for (size_t i = walk->node->index; i < walk->plan->nodes_count; i++) {
        const PlanNode *node = walk->plan->nodes[i];
        const char *table = node->kind == PLAN_BACKFILL ? plan_table(node, walk->arena) : NULL;
        if (table != NULL && text_equal(sql_name_last(table), column->table) &&
            text_equal(sql_name_last(node->name), column->name))
            return true;
    }
    return false;
}

static void see_document(RunLintWalk *walk, const SqlObject *object, const json_t *column,
                         size_t at_bytes)
{
    if (!is_document(column) || json_object_get(column, "compression") != NULL ||
        !has_backfill(walk, object))
        return;
    run_lint_say(walk, "up", run_lint_rule(RUN_LINT_FILL_COMPRESSION),
                 at_bytes + (size_t)json_get_int(column, "location", 0),
                 arena_printf(walk->arena,
                              "%s is filled by a backfill, and nothing says how it is compressed",
                              sql_object_text(walk->arena, object)));
}

static void see_column(RunLintWalk *walk, const json_t *relation, const json_t *column,
                       size_t at_bytes)
{
    const json_t *constraints = json_object_get(column, "constraints");
    const json_t *foreign = sql_tree_constraint(constraints, "CONSTR_FOREIGN");
    Fill fill = {.walk = walk,
                 .column = {.kind = SQL_OBJECT_COLUMN,
                            .schema = json_get_string(relation, "schemaname", NULL),
                            .table = json_get_string(relation, "relname", ""),
                            .name = json_get_string(column, "colname", "")}};
    see_document(walk, &fill.column, column, at_bytes);
    if (foreign == NULL || sql_tree_constraint(constraints, "CONSTR_DEFAULT") != NULL ||
        is_filled(walk, &fill))
        return;
    run_lint_say(walk, "up", run_lint_rule(RUN_LINT_REFERENCE_UNFILLED),
                 at_bytes + (size_t)json_get_int(column, "location", 0),
                 arena_printf(walk->arena, "%s refers to %s, and nothing fills it",
                              sql_object_text(walk->arena, &fill.column),
                              json_get_string(json_object_get(foreign, "pktable"), "relname", "")));
}

static void see_statement(const char *node, const json_t *body, size_t at_bytes, void *ctx)
{
    RunLintWalk *walk = ctx;
    const json_t *relation = json_object_get(body, "relation");
    SqlObject table = {.kind = SQL_OBJECT_TABLE,
                       .schema = json_get_string(relation, "schemaname", NULL),
                       .name = json_get_string(relation, "relname", "")};
    size_t i = 0;
    json_t *item = NULL;
    if (strcmp(node, "AlterTableStmt") != 0)
        return;
    const SqlObject *made = sql_objects_find(&walk->memory.made, &table);
    if (made != NULL && !made->used)
        return; /* it has no rows yet */
    json_array_foreach (json_object_get(body, "cmds"), i, item) {
        const json_t *command = json_object_get(item, "AlterTableCmd");
        const json_t *column = json_object_get(json_object_get(command, "def"), "ColumnDef");
        if (column != NULL && text_equal(json_get_string(command, "subtype", ""), "AT_AddColumn"))
            see_column(walk, relation, column, at_bytes);
    }
}

void run_lint_fill(RunLintWalk *walk)
{
    sql_tree_each(plan_sql(walk->node, "up"), see_statement, walk);
}
