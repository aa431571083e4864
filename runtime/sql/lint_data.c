/* Statements about rows. */
#include "sql/lint_walk.h"

#include "sql/tree.h"

#include <string.h>

static bool is_star(const json_t *select)
{
    const json_t *targets = json_object_get(select, "targetList");
    const json_t *target = json_object_get(json_array_get(targets, 0), "ResTarget");
    const json_t *value = json_object_get(json_object_get(target, "val"), "ColumnRef");
    const json_t *fields = json_object_get(value, "fields");
    return json_array_size(targets) == 1 && json_array_size(fields) == 1 &&
           json_object_get(json_array_get(fields, 0), "A_Star") != NULL;
}

static void see_insert(SqlLintWalk *walk, const json_t *body)
{
    const json_t *relation = json_object_get(body, "relation");
    const json_t *select = json_object_get(json_object_get(body, "selectStmt"), "SelectStmt");
    const json_t *from = json_object_get(select, "fromClause");
    const json_t *range = json_object_get(json_array_get(from, 0), "RangeVar");
    if (json_array_size(from) == 1 && range != NULL && is_star(select))
        sql_lint_add(walk, SQL_LINT_INSERT_STAR, NULL,
                     arena_printf(walk->arena, "INSERT INTO %s SELECT * FROM %s",
                                  sql_lint_name(walk, relation), sql_lint_name(walk, range)));
    else if (select != NULL && json_array_size(json_object_get(body, "cols")) == 0 &&
             sql_lint_in_use(walk, relation))
        sql_lint_add(walk, SQL_LINT_INSERT_PLACES, NULL,
                     arena_printf(walk->arena, "INSERT INTO %s without columns",
                                  sql_lint_name(walk, relation)));
}

/* ------------------------------------------------------------------ pages */

/* The number of a constant, -1 for anything else. */
static int64_t constant(const json_t *value)
{
    const json_t *number = json_object_get(json_object_get(value, "A_Const"), "ival");
    return number == NULL ? -1 : json_get_int(number, "ival", 0);
}

/* One row after some others is no page: the third best of something. */
static bool is_page(const json_t *select)
{
    const json_t *limit = json_object_get(select, "limitCount");
    const json_t *offset = json_object_get(select, "limitOffset");
    return offset != NULL && limit != NULL && constant(limit) != 1;
}

static void find_pages(SqlLintWalk *walk, const json_t *value)
{
    const char *key = NULL;
    json_t *child = NULL;
    size_t i = 0;
    json_array_foreach ((json_t *)(uintptr_t)value, i, child)
        find_pages(walk, child);
    if (json_is_object(value) && is_page(value))
        sql_lint_add(walk, SQL_LINT_OFFSET, NULL, "LIMIT with OFFSET");
    json_object_foreach ((json_t *)(uintptr_t)value, key, child)
        find_pages(walk, child);
}

/* ------------------------------------------------------------------ all rows, locked rows */

static bool is_true(const json_t *where)
{
    const json_t *value = json_object_get(json_object_get(where, "A_Const"), "boolval");
    return where == NULL || json_get_bool(value, "boolval", false);
}

/* UPDATE … FROM and DELETE … USING choose rows by another table. */
static void see_change(SqlLintWalk *walk, const json_t *body, const char *word, const char *from)
{
    const json_t *relation = json_object_get(body, "relation");
    SqlObject table = sql_lint_table(relation);
    if (!sql_lint_in_use(walk, relation))
        return;
    if (sql_objects_find(&walk->locked, &table) != NULL)
        sql_lint_add(walk, SQL_LINT_LOCK_THEN_DATA, NULL,
                     arena_printf(walk->arena, "%s of %s after its ALTER TABLE", word,
                                  sql_lint_name(walk, relation)));
    if (is_true(json_object_get(body, "whereClause")) &&
        json_array_size(json_object_get(body, from)) == 0)
        sql_lint_add(walk, SQL_LINT_WHOLE_TABLE, NULL,
                     arena_printf(walk->arena, "%s of every row of %s", word,
                                  sql_lint_name(walk, relation)));
}

static void see_truncate(SqlLintWalk *walk, const json_t *body)
{
    size_t i = 0;
    json_t *item = NULL;
    if (text_equal(json_get_string(body, "behavior", ""), "DROP_CASCADE"))
        sql_lint_add(walk, SQL_LINT_CASCADE, NULL, "TRUNCATE ... CASCADE");
    json_array_foreach (json_object_get(body, "relations"), i, item) {
        const json_t *range = json_object_get(item, "RangeVar");
        if (sql_lint_in_use(walk, range) && !walk->text->proven)
            sql_lint_add(walk, SQL_LINT_TRUNCATE, range,
                         arena_printf(walk->arena, "TRUNCATE of %s", sql_lint_name(walk, range)));
    }
}

/* ------------------------------------------------------------------ enum values */

static bool mentions(const json_t *tree, const char *value)
{
    const char *key = NULL;
    json_t *child = NULL;
    size_t i = 0;
    json_array_foreach ((json_t *)(uintptr_t)tree, i, child) {
        if (mentions(child, value))
            return true;
    }
    json_object_foreach ((json_t *)(uintptr_t)tree, key, child) {
        bool here =
            strcmp(key, "A_Const") == 0 &&
            text_equal(json_get_string(json_object_get(child, "sval"), "sval", NULL), value);
        if (here || mentions(child, value))
            return true;
    }
    return false;
}

static void see_enum(SqlLintWalk *walk, const json_t *body)
{
    const char *value = json_get_string(body, "newVal", NULL);
    SqlObject type = {.kind = SQL_OBJECT_ENUM,
                      .name = sql_tree_last(json_object_get(body, "typeName"))};
    const SqlObject *made = sql_objects_find(&walk->memory->made, &type);
    if (value == NULL || json_get_string(body, "oldVal", NULL) != NULL || made != NULL)
        return; /* a type of the same transaction may be used at once */
    const char **more = arena_alloc(walk->arena, (walk->values_count + 1) * sizeof(*walk->values));
    if (walk->values_count > 0)
        memcpy(more, walk->values, walk->values_count * sizeof(*more));
    more[walk->values_count++] = arena_strdup(walk->arena, value);
    walk->values = more;
}

void sql_lint_data(SqlLintWalk *walk, const char *node, const json_t *body)
{
    if (strcmp(node, "InsertStmt") == 0)
        see_insert(walk, body);
    else if (strcmp(node, "UpdateStmt") == 0)
        see_change(walk, body, "UPDATE", "fromClause");
    else if (strcmp(node, "DeleteStmt") == 0)
        see_change(walk, body, "DELETE", "usingClause");
    else if (strcmp(node, "TruncateStmt") == 0)
        see_truncate(walk, body);
    for (size_t i = 0; i < walk->values_count && strcmp(node, "CommentStmt") != 0; i++) {
        if (mentions(body, walk->values[i]))
            sql_lint_add(walk, SQL_LINT_ENUM_USED, NULL,
                         arena_printf(walk->arena, "the new value '%s'", walk->values[i]));
    }
    if (strcmp(node, "AlterEnumStmt") == 0)
        see_enum(walk, body);
    find_pages(walk, body);
}
