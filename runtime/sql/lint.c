/* One text at a time, statement by statement. */
#include "sql/lint.h"

#include "sql/lint_walk.h"
#include "sql/name.h"
#include "sql/tree.h"

#include <string.h>

/* ------------------------------------------------------------------ what the parts share */

void sql_lint_add(SqlLintWalk *walk, SqlLint lint, const json_t *at, const char *what)
{
    SqlFindings *findings = walk->findings;
    int64_t location = json_get_int(at, "location", 0);
    if (walk->text->down && !sql_lint_rule(lint)->in_down)
        return;
    if (findings->count == findings->room) {
        findings->room = findings->room == 0 ? 16 : findings->room * 2;
        SqlFinding *more = arena_alloc(findings->arena, findings->room * sizeof(*more));
        if (findings->count > 0)
            memcpy(more, findings->items, findings->count * sizeof(*more));
        findings->items = more;
    }
    findings->items[findings->count++] =
        (SqlFinding){.lint = lint,
                     .at_bytes = walk->at_bytes + (location > 0 ? (size_t)location : 0),
                     .what = arena_strdup(findings->arena, what)};
}

void sql_lint_defer(SqlLintWalk *walk, SqlLint lint, const SqlObject *object, const char *what)
{
    SqlLintDeferred *one = arena_alloc(walk->arena, sizeof(*one));
    *one = (SqlLintDeferred){.lint = lint,
                             .object = *object,
                             .at_bytes = walk->at_bytes,
                             .what = arena_strdup(walk->arena, what),
                             .next = walk->deferred};
    one->object.name = arena_strdup(walk->arena, object->name);
    one->object.schema = arena_strdup(walk->arena, object->schema);
    walk->deferred = one;
}

void sql_lint_settle(SqlLintWalk *walk, SqlLint lint, const SqlObject *object)
{
    for (SqlLintDeferred **at = &walk->deferred; *at != NULL;) {
        if ((*at)->lint == lint && sql_object_covers(object, &(*at)->object))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

static void add_deferred(SqlLintWalk *walk)
{
    for (const SqlLintDeferred *one = walk->deferred; one != NULL; one = one->next) {
        walk->at_bytes = one->at_bytes;
        sql_lint_add(walk, one->lint, NULL, one->what);
    }
}

SqlObject sql_lint_table(const json_t *range)
{
    return (SqlObject){.kind = SQL_OBJECT_TABLE,
                       .schema = json_get_string(range, "schemaname", NULL),
                       .name = json_get_string(range, "relname", "")};
}

const char *sql_lint_name(const SqlLintWalk *walk, const json_t *range)
{
    SqlObject table = sql_lint_table(range);
    return sql_object_text(walk->arena, &table);
}

bool sql_lint_in_use(const SqlLintWalk *walk, const json_t *range)
{
    SqlObject table = sql_lint_table(range);
    SqlObject view = table;
    view.kind = SQL_OBJECT_VIEW;
    const SqlObject *made = sql_objects_find(&walk->memory->made, &table);
    if (made == NULL)
        made = sql_objects_find(&walk->memory->made, &view);
    return (made == NULL || made->used || made->moved) &&
           !text_equal(json_get_string(range, "relpersistence", ""), "t");
}

/* ------------------------------------------------------------------ the text */

static void see_statement(const char *node, const json_t *body, size_t at_bytes, void *ctx)
{
    SqlLintWalk *walk = ctx;
    walk->at_bytes = at_bytes;
    if (walk->text->outside) {
        walk->locked.count = 0;
        walk->pending.count = 0;
        walk->values_count = 0;
    }
    sql_lint_data(walk, node, body);
    sql_lint_lock(walk, node, body);
    sql_lint_drop(walk, node, body);
    sql_lint_shape(walk, node, body);
    sql_lint_right(walk, node, body);
    if (!walk->text->down)
        sql_objects_see(node, body, at_bytes, &walk->memory->made, NULL);
}

void sql_lint(const SqlLintText *text, SqlLintMemory *memory, SqlFindings *findings)
{
    SqlLintWalk walk = {.text = text,
                        .memory = memory,
                        .findings = findings,
                        .arena = findings->arena,
                        .locked = {.arena = findings->arena},
                        .pending = {.arena = findings->arena}};
    sql_tree_each(text->text, see_statement, &walk);
    add_deferred(&walk);
}

void sql_lint_used(SqlLintMemory *memory, const char *table)
{
    const char *name = table == NULL ? NULL : sql_name_last(table);
    for (size_t i = 0; i < memory->made.count; i++) {
        SqlObject *object = &memory->made.items[i];
        object->used = object->used || name == NULL || strcmp(object->name, name) == 0;
    }
}
