/* Statements that make the application wait. */
#include "sql/lint_walk.h"

#include "sql/tree.h"

#include <string.h>

/* DefElem options of VACUUM and REINDEX: (FULL), (CONCURRENTLY FALSE). */
static bool has_option(const json_t *options, const char *name)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach ((json_t *)(uintptr_t)options, i, item) {
        const json_t *option = json_object_get(item, "DefElem");
        const json_t *arg = json_object_get(option, "arg");
        const char *word = json_get_string(json_object_get(arg, "String"), "sval", "true");
        const json_t *number = json_object_get(arg, "Integer");
        bool off = text_equal(word, "false") || text_equal(word, "off") ||
                   (number != NULL && json_get_int(number, "ival", 0) == 0);
        if (text_equal(json_get_string(option, "defname", ""), name))
            return !off;
    }
    return false;
}

static void see_index(SqlLintWalk *walk, const json_t *body)
{
    const json_t *relation = json_object_get(body, "relation");
    if (!json_get_bool(body, "concurrent", false) && sql_lint_in_use(walk, relation))
        sql_lint_add(
            walk, SQL_LINT_INDEX_BLOCKS, NULL,
            arena_printf(walk->arena, "CREATE INDEX on %s", sql_lint_name(walk, relation)));
}

static void see_reindex(SqlLintWalk *walk, const json_t *body)
{
    bool system = text_equal(json_get_string(body, "kind", ""), "REINDEX_OBJECT_SYSTEM");
    if (!system && !has_option(json_object_get(body, "params"), "concurrently"))
        sql_lint_add(walk, SQL_LINT_REINDEX_BLOCKS, NULL, "REINDEX");
}

static void see_vacuum(SqlLintWalk *walk, const json_t *body)
{
    if (has_option(json_object_get(body, "options"), "full"))
        sql_lint_add(walk, SQL_LINT_TABLE_REWRITES, NULL, "VACUUM FULL");
}

static void see_refresh(SqlLintWalk *walk, const json_t *body)
{
    const json_t *relation = json_object_get(body, "relation");
    if (!json_get_bool(body, "concurrent", false) && !json_get_bool(body, "skipData", false) &&
        sql_lint_in_use(walk, relation))
        sql_lint_add(walk, SQL_LINT_REFRESH_BLOCKS, NULL,
                     arena_printf(walk->arena, "REFRESH MATERIALIZED VIEW %s",
                                  sql_lint_name(walk, relation)));
}

static void see_domain(SqlLintWalk *walk, const json_t *body)
{
    const json_t *constraint = json_object_get(json_object_get(body, "def"), "Constraint");
    if (constraint != NULL && !json_get_bool(constraint, "skip_validation", false))
        sql_lint_add(walk, SQL_LINT_CHECK_SCAN, NULL,
                     arena_printf(walk->arena, "a CHECK added to the domain %s",
                                  sql_tree_last(json_object_get(body, "typeName"))));
}

void sql_lint_lock(SqlLintWalk *walk, const char *node, const json_t *body)
{
    if (strcmp(node, "IndexStmt") == 0)
        see_index(walk, body);
    else if (strcmp(node, "ReindexStmt") == 0)
        see_reindex(walk, body);
    else if (strcmp(node, "VacuumStmt") == 0)
        see_vacuum(walk, body);
    else if (strcmp(node, "ClusterStmt") == 0)
        sql_lint_add(walk, SQL_LINT_TABLE_REWRITES, NULL, "CLUSTER");
    else if (strcmp(node, "RefreshMatViewStmt") == 0)
        see_refresh(walk, body);
    else if (strcmp(node, "AlterDomainStmt") == 0)
        see_domain(walk, body);
    else if (strcmp(node, "AlterTableStmt") == 0)
        sql_lint_alter(walk, body);
}
