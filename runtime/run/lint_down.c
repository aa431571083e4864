/* What a step makes, against what its way back takes away. */
#include "run/lint_walk.h"

#include "sql/tree.h"

#include <string.h>

/* What goes by itself: what stands on a column with the column, anything but tables with a CASCADE.
 */
static bool goes_along(const SqlObjects *gone, const SqlObject *object)
{
    for (size_t i = 0; i < gone->count; i++) {
        const SqlObject *other = &gone->items[i];
        bool column = other->kind == SQL_OBJECT_COLUMN && object->table != NULL &&
                      (object->kind == SQL_OBJECT_INDEX || object->kind == SQL_OBJECT_CONSTRAINT) &&
                      strcmp(other->table, object->table) == 0;
        bool index = other->kind == SQL_OBJECT_CONSTRAINT && object->kind == SQL_OBJECT_INDEX &&
                     object->table != NULL && strcmp(other->table, object->table) == 0;
        if (column || index || (other->cascade && object->kind != SQL_OBJECT_TABLE))
            return true;
    }
    return false;
}

static void see_code(const char *node, const json_t *body, size_t at_bytes, void *ctx)
{
    UNUSED(body);
    UNUSED(at_bytes);
    bool *code = ctx;
    *code = *code || strcmp(node, "DoStmt") == 0 || strcmp(node, "CallStmt") == 0;
}

static bool runs_code(const char *text)
{
    bool code = false;
    sql_tree_each(text, see_code, &code);
    return code;
}

static void say_left(RunLintWalk *walk, const SqlObject *left, size_t count, size_t made)
{
    const char *what = arena_printf(
        walk->arena, "the down of \"%s\" leaves %zu of the %zu objects that its up makes (%s)",
        walk->node->name, count, made, run_lint_names(walk->arena, left, count, true));
    run_lint_say(walk, "down", sql_lint_rule(SQL_LINT_DOWN_LEAVES), 0, what);
}

/* A definition that the plan itself has made before is not lost: its own step takes it back. */
static void say_replaced(RunLintWalk *walk, const SqlObject *object)
{
    if (sql_objects_find(&walk->memory.made, object) != NULL)
        return;
    run_lint_say(walk, "up", sql_lint_rule(SQL_LINT_OR_REPLACE), object->at_bytes,
                 arena_printf(walk->arena, "CREATE OR REPLACE of %s \"%s\"",
                              sql_object_kind_name(object->kind), object->name));
}

/* Dropped and made again by the up: it was there before, and the down may leave it. */
static bool was_there(const RunLintWalk *walk, const SqlObjects *replaced, const SqlObject *object)
{
    const SqlObject *gone = sql_objects_find(replaced, object);
    return gone != NULL &&
           (!gone->may_miss || sql_objects_find(&walk->memory.made, object) != NULL);
}

void run_lint_down(RunLintWalk *walk)
{
    const char *down = plan_sql(walk->node, "down");
    SqlObjects made = {.arena = walk->arena};
    SqlObjects gone = {.arena = walk->arena};
    SqlObjects again = {.arena = walk->arena};
    SqlObjects replaced = {.arena = walk->arena};
    size_t count = 0;
    sql_objects_made(plan_sql(walk->node, "up"), &made);
    if (down == NULL || made.count == 0 || runs_code(down))
        return;
    sql_objects_gone(plan_sql(walk->node, "up"), &replaced);
    sql_objects_gone(down, &gone);
    sql_objects_made(down, &again);
    SqlObject *left = arena_alloc(walk->arena, made.count * sizeof(*left));
    for (size_t i = 0; i < made.count; i++) {
        const SqlObject *object = &made.items[i];
        bool dropped = sql_objects_find(&gone, object) != NULL;
        bool put_back = object->replaces && sql_objects_find(&again, object) != NULL;
        if (!dropped && !put_back && !goes_along(&gone, object) &&
            !was_there(walk, &replaced, object))
            left[count++] = *object;
        if (dropped && object->replaces)
            say_replaced(walk, object);
    }
    if (count > 0)
        say_left(walk, left, count, made.count);
}
