/* Rows that are copied, and whose table is dropped later. */
#include "run/lint_walk.h"

#include "sql/tree.h"

#include <string.h>

static SqlObject table_of(const json_t *range)
{
    return (SqlObject){.kind = SQL_OBJECT_TABLE,
                       .schema = json_get_string(range, "schemaname", NULL),
                       .name = json_get_string(range, "relname", "")};
}

static void remember_copy(RunLintWalk *walk, const SqlObject *source, size_t at_bytes)
{
    if (walk->copies_count % 16 == 0) {
        RunLintCopy *more = arena_alloc(walk->arena, (walk->copies_count + 16) * sizeof(*more));
        if (walk->copies_count > 0)
            memcpy(more, walk->copies, walk->copies_count * sizeof(*more));
        walk->copies = more;
    }
    RunLintCopy *copy = &walk->copies[walk->copies_count++];
    *copy = (RunLintCopy){.from = *source,
                          .line = run_lint_line(walk->node, "up", at_bytes),
                          .node = walk->node->index,
                          .locked = sql_objects_find(&walk->locked, source) != NULL};
    copy->from.name = arena_strdup(walk->arena, source->name);
    copy->from.schema = arena_strdup(walk->arena, source->schema);
}

static void see_insert(RunLintWalk *walk, const json_t *body, size_t at_bytes)
{
    const json_t *select = json_object_get(json_object_get(body, "selectStmt"), "SelectStmt");
    const json_t *from = json_object_get(select, "fromClause");
    const json_t *range = json_object_get(json_array_get(from, 0), "RangeVar");
    SqlObject source = table_of(range);
    if (json_array_size(from) != 1 || range == NULL)
        return;
    const SqlObject *made = sql_objects_find(&walk->memory.made, &source);
    if (made == NULL || made->used) /* else a staging table: nobody but the plan writes to it */
        remember_copy(walk, &source, at_bytes);
}

static void see_lock(RunLintWalk *walk, const json_t *body)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(body, "relations"), i, item) {
        SqlObject table = table_of(json_object_get(item, "RangeVar"));
        sql_objects_add(&walk->locked, &table);
    }
}

static void see_statement(const char *node, const json_t *body, size_t at_bytes, void *ctx)
{
    RunLintWalk *walk = ctx;
    if (strcmp(node, "InsertStmt") == 0)
        see_insert(walk, body, at_bytes);
    else if (strcmp(node, "LockStmt") == 0)
        see_lock(walk, body);
}

static void see_gone(RunLintWalk *walk, const SqlObject *gone)
{
    const json_t *proof = json_object_get(walk->node->keys, "proof");
    for (size_t i = 0; i < walk->copies_count; i++) {
        const RunLintCopy *copy = &walk->copies[i];
        bool safe = json_object_get(proof, "no_rows") != NULL ||
                    (copy->locked && copy->node == walk->node->index);
        if (safe || !sql_object_covers(gone, &copy->from))
            continue;
        run_lint_say(walk, "up", sql_lint_rule(SQL_LINT_COPY_DROP), gone->at_bytes,
                     arena_printf(walk->arena,
                                  "\"%s\" is dropped after its rows were copied in "
                                  "line %d",
                                  sql_object_text(walk->arena, &copy->from), copy->line));
        return;
    }
}

void run_lint_copies(RunLintWalk *walk)
{
    SqlObjects gone = {.arena = walk->arena};
    walk->locked.count = 0;
    sql_tree_each(plan_sql(walk->node, "up"), see_statement, walk);
    sql_objects_gone(plan_sql(walk->node, "up"), &gone);
    for (size_t i = 0; i < gone.count; i++) {
        if (gone.items[i].kind == SQL_OBJECT_TABLE)
            see_gone(walk, &gone.items[i]);
    }
}
