/* Statements after which something is gone, elsewhere, or only perhaps there. */
#include "sql/lint_walk.h"

#include <string.h>

static bool plans_own(const SqlLintWalk *walk, const SqlObject *object)
{
    const SqlObject *made = sql_objects_find(&walk->memory->made, object);
    return made != NULL && !made->moved;
}

/* What holds rows, or everything. */
static bool holds_data(SqlObjectKind kind)
{
    return kind == SQL_OBJECT_TABLE || kind == SQL_OBJECT_COLUMN || kind == SQL_OBJECT_SCHEMA;
}

static void see_gone(SqlLintWalk *walk, const SqlObject *gone)
{
    if (walk->text->proven || !holds_data(gone->kind) || plans_own(walk, gone))
        return;
    sql_lint_add(walk, SQL_LINT_DROP_UNPROVEN, NULL,
                 arena_printf(walk->arena, "DROP of %s \"%s\"", sql_object_kind_name(gone->kind),
                              sql_object_text(walk->arena, gone)));
}

static void see_drop(SqlLintWalk *walk, const json_t *body)
{
    bool index = text_equal(json_get_string(body, "removeType", ""), "OBJECT_INDEX");
    if (text_equal(json_get_string(body, "behavior", ""), "DROP_CASCADE"))
        sql_lint_add(walk, SQL_LINT_CASCADE, NULL, "DROP ... CASCADE");
    if (walk->text->down && json_get_bool(body, "missing_ok", false))
        sql_lint_add(walk, SQL_LINT_DOWN_IF_EXISTS, NULL, "DROP ... IF EXISTS");
    if (!index || json_get_bool(body, "concurrent", false))
        return;
    SqlObjects gone = {.arena = walk->arena};
    sql_objects_see("DropStmt", body, 0, NULL, &gone);
    for (size_t i = 0; i < gone.count; i++) {
        const SqlObject *made = sql_objects_find(&walk->memory->made, &gone.items[i]);
        if (made == NULL || made->used)
            sql_lint_add(walk, SQL_LINT_INDEX_DROP_BLOCKS, NULL,
                         arena_printf(walk->arena, "DROP INDEX %s", gone.items[i].name));
    }
}

/* DROP TABLE, DROP SCHEMA, DROP COLUMN: a rename is not a drop. */
static void see_objects_gone(SqlLintWalk *walk, const char *node, const json_t *body)
{
    SqlObjects gone = {.arena = walk->arena};
    if (strcmp(node, "DropStmt") != 0 && strcmp(node, "AlterTableStmt") != 0)
        return;
    sql_objects_see(node, body, 0, NULL, &gone);
    for (size_t i = 0; i < gone.count; i++)
        see_gone(walk, &gone.items[i]);
}

/* ------------------------------------------------------------------ other names */

/* A view of the old name is as good as the old name. */
static void see_view(SqlLintWalk *walk, const json_t *body)
{
    SqlObject view = sql_lint_table(json_object_get(body, "view"));
    sql_lint_settle(walk, SQL_LINT_RENAME, &view);
}

static void see_rename(SqlLintWalk *walk, const json_t *body, const char *type, const char *what)
{
    const json_t *relation = json_object_get(body, "relation");
    const char *kind = json_get_string(body, type, "");
    bool column = text_equal(kind, "OBJECT_COLUMN");
    bool table = text_equal(kind, "OBJECT_TABLE") || text_equal(kind, "OBJECT_VIEW");
    if (relation == NULL || (!column && !table) || !sql_lint_in_use(walk, relation))
        return;
    SqlObject old = sql_lint_table(relation);
    sql_lint_defer(walk, SQL_LINT_RENAME, &old,
                   arena_printf(walk->arena, "%s of %s%s%s", what, sql_lint_name(walk, relation),
                                column ? "." : "",
                                column ? json_get_string(body, "subname", "") : ""));
}

/* ------------------------------------------------------------------ IF NOT EXISTS */

static const struct {
    const char *node;
    const char *what;
} CREATING[] = {
    {"CreateStmt", "CREATE TABLE"},        {"IndexStmt", "CREATE INDEX"},
    {"CreateSeqStmt", "CREATE SEQUENCE"},  {"CreateTableAsStmt", "CREATE TABLE ... AS"},
    {"CreateSchemaStmt", "CREATE SCHEMA"},
};

/* An extension has one name and one meaning; a value of an enum too. */
static void see_existing(SqlLintWalk *walk, const char *node, const json_t *body)
{
    size_t i = 0;
    json_t *item = NULL;
    for (size_t c = 0; c < COUNT_OF(CREATING); c++) {
        if (strcmp(CREATING[c].node, node) == 0 && json_get_bool(body, "if_not_exists", false))
            sql_lint_add(walk, SQL_LINT_IF_NOT_EXISTS, NULL,
                         arena_printf(walk->arena, "%s IF NOT EXISTS", CREATING[c].what));
    }
    json_array_foreach (json_object_get(body, "cmds"), i, item) {
        const json_t *command = json_object_get(item, "AlterTableCmd");
        if (text_equal(json_get_string(command, "subtype", ""), "AT_AddColumn") &&
            json_get_bool(command, "missing_ok", false))
            sql_lint_add(walk, SQL_LINT_IF_NOT_EXISTS,
                         json_object_get(json_object_get(command, "def"), "ColumnDef"),
                         "ADD COLUMN IF NOT EXISTS");
    }
}

void sql_lint_drop(SqlLintWalk *walk, const char *node, const json_t *body)
{
    if (strcmp(node, "DropStmt") == 0)
        see_drop(walk, body);
    else if (strcmp(node, "DropdbStmt") == 0 && !walk->text->proven)
        sql_lint_add(
            walk, SQL_LINT_DROP_UNPROVEN, NULL,
            arena_printf(walk->arena, "DROP DATABASE %s", json_get_string(body, "dbname", "")));
    else if (strcmp(node, "ViewStmt") == 0)
        see_view(walk, body);
    else if (strcmp(node, "RenameStmt") == 0)
        see_rename(walk, body, "renameType", "RENAME");
    else if (strcmp(node, "AlterObjectSchemaStmt") == 0)
        see_rename(walk, body, "objectType", "SET SCHEMA");
    see_objects_gone(walk, node, body);
    see_existing(walk, node, body);
}
