/* Who may do what, and secrets. */
#include "sql/lint_walk.h"

#include "sql/tree.h"

#include <string.h>

static void see_grant(SqlLintWalk *walk, const json_t *body)
{
    const char *type = json_get_string(body, "objtype", "");
    bool all = json_array_size(json_object_get(body, "privileges")) == 0;
    size_t i = 0;
    json_t *item = NULL;
    if (!json_get_bool(body, "is_grant", false))
        return;
    json_array_foreach (json_object_get(body, "grantees"), i, item) {
        const json_t *role = json_object_get(item, "RoleSpec");
        if (text_equal(json_get_string(role, "roletype", ""), "ROLESPEC_PUBLIC"))
            sql_lint_add(walk, SQL_LINT_PUBLIC_GRANT, NULL, "GRANT ... TO PUBLIC");
    }
    if (all && (text_equal(type, "OBJECT_SCHEMA") || text_equal(type, "OBJECT_DATABASE")))
        sql_lint_add(walk, SQL_LINT_SCHEMA_GRANT_ALL, NULL,
                     text_equal(type, "OBJECT_SCHEMA") ? "GRANT ALL ON SCHEMA"
                                                       : "GRANT ALL ON DATABASE");
}

static bool is_on(const json_t *arg)
{
    return json_get_bool(json_object_get(arg, "Boolean"), "boolval", false);
}

static bool sets_path(const json_t *options)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach ((json_t *)(uintptr_t)options, i, item) {
        const json_t *option = json_object_get(item, "DefElem");
        const json_t *set = json_object_get(json_object_get(option, "arg"), "VariableSetStmt");
        if (text_equal(json_get_string(set, "name", ""), "search_path"))
            return true;
    }
    return false;
}

static void see_function(SqlLintWalk *walk, const json_t *options, const char *name)
{
    if (is_on(sql_tree_option(options, "security")) && !sets_path(options))
        sql_lint_add(walk, SQL_LINT_DEFINER_PATH, NULL,
                     arena_printf(walk->arena, "function %s", name));
}

static void see_role(SqlLintWalk *walk, const json_t *options, const char *name)
{
    static const char *const POWERS[] = {"superuser", "bypassrls", "isreplication"};
    const json_t *password = json_object_get(sql_tree_option(options, "password"), "String");
    for (size_t i = 0; i < COUNT_OF(POWERS); i++) {
        if (is_on(sql_tree_option(options, POWERS[i])))
            sql_lint_add(walk, SQL_LINT_SUPERUSER, NULL,
                         arena_printf(walk->arena, "role \"%s\" with %s", name, POWERS[i]));
    }
    if (password != NULL)
        sql_lint_add(walk, SQL_LINT_PASSWORD, NULL,
                     arena_printf(walk->arena, "PASSWORD of the role \"%s\"", name));
}

static void see_user_mapping(SqlLintWalk *walk, const json_t *body)
{
    if (sql_tree_option(json_object_get(body, "options"), "password") != NULL)
        sql_lint_add(walk, SQL_LINT_PASSWORD, NULL, "a password in USER MAPPING");
}

void sql_lint_right(SqlLintWalk *walk, const char *node, const json_t *body)
{
    const json_t *options = json_object_get(body, "options");
    if (strcmp(node, "GrantStmt") == 0)
        see_grant(walk, body);
    else if (strcmp(node, "AlterDefaultPrivilegesStmt") == 0)
        see_grant(walk, json_object_get(body, "action"));
    else if (strcmp(node, "CreateFunctionStmt") == 0)
        see_function(walk, options, sql_tree_last(json_object_get(body, "funcname")));
    else if (strcmp(node, "CreateRoleStmt") == 0)
        see_role(walk, options, json_get_string(body, "role", ""));
    else if (strcmp(node, "AlterRoleStmt") == 0)
        see_role(walk, options,
                 json_get_string(json_object_get(body, "role"), "rolename", "current_user"));
    else if (strcmp(node, "CreateUserMappingStmt") == 0)
        see_user_mapping(walk, body);
}
