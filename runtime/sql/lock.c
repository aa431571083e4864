/* The parse tree says which relations a statement is about; the table says how strongly. */
#include "sql/lock.h"

#include "sql/name.h"
#include "sql/parse.h"

#include <string.h>

enum { LOCKS_MAX = 200 };

/* Statements with one relation of their own. What stands nowhere here takes the strongest. */
static const struct {
    const char *node;
    SqlLockMode mode;
} MODES[] = {
    {"InsertStmt", SQL_LOCK_SHARE_ROW_EXCLUSIVE},     {"UpdateStmt", SQL_LOCK_SHARE_ROW_EXCLUSIVE},
    {"DeleteStmt", SQL_LOCK_SHARE_ROW_EXCLUSIVE},     {"MergeStmt", SQL_LOCK_SHARE_ROW_EXCLUSIVE},
    {"CopyStmt", SQL_LOCK_SHARE_ROW_EXCLUSIVE},       {"IndexStmt", SQL_LOCK_SHARE},
    {"CreateTrigStmt", SQL_LOCK_SHARE_ROW_EXCLUSIVE},
};

static const char *const MODE_NAMES[SQL_LOCK_MODES] = {
    [SQL_LOCK_SHARE] = "SHARE",
    [SQL_LOCK_SHARE_ROW_EXCLUSIVE] = "SHARE ROW EXCLUSIVE",
    [SQL_LOCK_ACCESS_EXCLUSIVE] = "ACCESS EXCLUSIVE",
};

const char *sql_lock_mode_name(SqlLockMode mode)
{
    return MODE_NAMES[mode];
}

static SqlLockMode mode_of(const char *node)
{
    for (size_t i = 0; i < COUNT_OF(MODES); i++) {
        if (strcmp(MODES[i].node, node) == 0)
            return MODES[i].mode;
    }
    return SQL_LOCK_ACCESS_EXCLUSIVE;
}

static void append(SqlLocks *locks, const char *relation, SqlLockMode mode)
{
    for (size_t i = 0; i < locks->count; i++) {
        if (strcmp(locks->items[i].relation, relation) != 0)
            continue;
        if (locks->items[i].mode < mode)
            locks->items[i].mode = mode;
        return;
    }
    if (locks->items == NULL)
        locks->items = arena_alloc(locks->arena, LOCKS_MAX * sizeof(*locks->items));
    if (locks->count < LOCKS_MAX)
        locks->items[locks->count++] = (SqlLock){.relation = relation, .mode = mode};
}

static void append_range(SqlLocks *locks, const json_t *range, SqlLockMode mode)
{
    if (json_get_string(range, "relname", NULL) != NULL)
        append(locks, sql_name_range(locks->arena, range), mode);
}

/* DROP names its objects as lists of strings; a trigger's table stands before its own name. */
static void append_dropped(SqlLocks *locks, const json_t *drop)
{
    static const struct {
        const char *type;
        size_t own_names;
    } TYPES[] = {{"OBJECT_TABLE", 0},
                 {"OBJECT_INDEX", 0},
                 {"OBJECT_TRIGGER", 1},
                 {"OBJECT_POLICY", 1},
                 {"OBJECT_RULE", 1}};
    for (size_t t = 0; t < COUNT_OF(TYPES); t++) {
        size_t i = 0;
        json_t *object = NULL;
        if (!text_equal(json_get_string(drop, "removeType", ""), TYPES[t].type))
            continue;
        json_array_foreach (json_object_get(drop, "objects"), i, object) {
            const json_t *names = json_object_get(json_object_get(object, "List"), "items");
            size_t count = json_array_size(names);
            if (count > TYPES[t].own_names)
                append(locks, sql_name_list(locks->arena, names, count - TYPES[t].own_names),
                       SQL_LOCK_ACCESS_EXCLUSIVE);
        }
    }
}

static void see_statement(const char *node, const json_t *body, SqlLocks *locks)
{
    size_t i = 0;
    json_t *item = NULL;
    append_range(locks, json_object_get(body, "relation"), mode_of(node));
    if (strcmp(node, "DropStmt") == 0)
        append_dropped(locks, body);
    if (strcmp(node, "TruncateStmt") != 0)
        return;
    json_array_foreach (json_object_get(body, "relations"), i, item)
        append_range(locks, json_object_get(item, "RangeVar"), SQL_LOCK_ACCESS_EXCLUSIVE);
}

static void see_statements(json_t *stmts, void *ctx)
{
    size_t i = 0;
    json_t *raw = NULL;
    json_array_foreach (stmts, i, raw) {
        const char *node = NULL;
        json_t *body = NULL;
        json_object_foreach (json_object_get(raw, "stmt"), node, body)
            see_statement(node, body, ctx);
    }
}

/* Names of WITH are left to the server: a relation of that name that does not exist is not locked.
 */
static void see_ranges(json_t *value, SqlLocks *locks)
{
    const char *key = NULL;
    json_t *child = NULL;
    size_t i = 0;
    if (json_object_get(value, "relname") != NULL &&
        json_object_get(value, "relpersistence") != NULL)
        append_range(locks, value, SQL_LOCK_SHARE);
    json_array_foreach (value, i, child)
        see_ranges(child, locks);
    json_object_foreach (value, key, child)
        see_ranges(child, locks);
}

static void see_query(json_t *stmts, void *ctx)
{
    see_ranges(stmts, ctx);
}

static void walk(const char *text, SqlParseUse *use, SqlLocks *locks)
{
    SqlFault fault;
    Error err = {0};
    if (!sql_parse_accepts(text, &err) || !sql_parse(text, use, locks, &fault))
        return; /* the check of the plan says so */
}

void sql_locks_of_statements(const char *text, SqlLocks *locks)
{
    walk(text, see_statements, locks);
}

void sql_locks_of_query(const char *text, SqlLocks *locks)
{
    walk(text, see_query, locks);
}
