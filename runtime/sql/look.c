/* The catalogs that people ask, and what they compare names with. */
#include "sql/look.h"

#include "sql/tree.h"

#include <ctype.h>
#include <string.h>

enum { TEXTS_MAX = 200 };

static const struct {
    const char *relation;
    const char *column;
    SqlObjectKind kind;
} CATALOGS[] = {
    {"tables", "table_name", SQL_OBJECT_TABLE},
    {"pg_tables", "tablename", SQL_OBJECT_TABLE},
    {"pg_class", "relname", SQL_OBJECT_TABLE},
    {"views", "table_name", SQL_OBJECT_VIEW},
    {"pg_views", "viewname", SQL_OBJECT_VIEW},
    {"routines", "routine_name", SQL_OBJECT_FUNCTION},
    {"pg_proc", "proname", SQL_OBJECT_FUNCTION},
    {"pg_type", "typname", SQL_OBJECT_ENUM},
    {"pg_indexes", "indexname", SQL_OBJECT_INDEX},
    {"triggers", "trigger_name", SQL_OBJECT_TRIGGER},
    {"pg_trigger", "tgname", SQL_OBJECT_TRIGGER},
    {"schemata", "schema_name", SQL_OBJECT_SCHEMA},
    {"pg_namespace", "nspname", SQL_OBJECT_SCHEMA},
};

typedef struct Walk {
    Arena *arena;
    SqlLook *look;
    const char *column; /* of names */
    size_t catalogs;    /* the first one is the one that is asked */
} Walk;

static void add(Arena *arena, const char ***texts, size_t *count, const char *text)
{
    if (text == NULL || *count == TEXTS_MAX)
        return;
    for (size_t i = 0; i < *count; i++) {
        if (strcmp((*texts)[i], text) == 0)
            return;
    }
    if (*texts == NULL)
        *texts = arena_alloc(arena, TEXTS_MAX * sizeof(**texts));
    (*texts)[(*count)++] = arena_strdup(arena, text);
}

static void see_relation(Walk *walk, const json_t *range)
{
    const char *schema = json_get_string(range, "schemaname", "");
    const char *name = json_get_string(range, "relname", "");
    bool standard = strcmp(schema, "information_schema") == 0;
    for (size_t i = 0; i < COUNT_OF(CATALOGS); i++) {
        bool own = strncmp(CATALOGS[i].relation, "pg_", 3) == 0;
        if (strcmp(CATALOGS[i].relation, name) != 0 || own == standard || walk->catalogs++ > 0)
            continue;
        walk->look->kind = CATALOGS[i].kind;
        walk->column = CATALOGS[i].column;
    }
}

static void find_relations(Walk *walk, const json_t *value)
{
    const char *key = NULL;
    json_t *child = NULL;
    size_t i = 0;
    json_array_foreach ((json_t *)(uintptr_t)value, i, child)
        find_relations(walk, child);
    if (json_object_get(value, "relpersistence") != NULL)
        see_relation(walk, value);
    json_object_foreach ((json_t *)(uintptr_t)value, key, child)
        find_relations(walk, child);
}

static const char *text_of(const json_t *value)
{
    const json_t *cast = json_object_get(value, "TypeCast");
    if (cast != NULL)
        return text_of(json_object_get(cast, "arg"));
    const json_t *constant = json_object_get(value, "A_Const");
    return json_get_string(json_object_get(constant, "sval"), "sval", NULL);
}

static bool is_name_column(const Walk *walk, const json_t *value)
{
    const json_t *fields = json_object_get(json_object_get(value, "ColumnRef"), "fields");
    return text_equal(sql_tree_last(fields), walk->column);
}

static void see_comparison(const char *key, const json_t *expression, void *ctx)
{
    const Walk *walk = ctx;
    if (strcmp(key, "A_Expr") != 0)
        return;
    SqlLook *look = walk->look;
    const char *kind = json_get_string(expression, "kind", "");
    const json_t *operators = json_object_get(expression, "name");
    const char *operator=
        json_get_string(json_object_get(json_array_get(operators, 0), "String"), "sval", "");
    const json_t *right = json_object_get(expression, "rexpr");
    bool name = is_name_column(walk, json_object_get(expression, "lexpr"));
    bool like = text_equal(kind, "AEXPR_LIKE") || text_equal(kind, "AEXPR_ILIKE");
    size_t i = 0;
    json_t *item = NULL;
    if (like && name && operator[0] == '~' && text_of(right) != NULL) {
        look->pattern = arena_strdup(walk->arena, text_of(right));
        look->any_case = text_equal(kind, "AEXPR_ILIKE");
    } else if (strcmp(operator, "=") == 0 && name) {
        add(walk->arena, &look->names, &look->names_count, text_of(right));
        json_array_foreach (json_object_get(json_object_get(right, "List"), "items"), i, item)
            add(walk->arena, &look->names, &look->names_count, text_of(item));
    } else if (strcmp(operator, "=") == 0) {
        add(walk->arena, &look->others, &look->others_count, text_of(right));
    }
}

static void see_statement(const char *node, const json_t *body, size_t at_bytes, void *ctx)
{
    Walk *walk = ctx;
    UNUSED(at_bytes);
    if (strcmp(node, "SelectStmt") != 0)
        return;
    find_relations(walk, body);
    if (walk->column != NULL)
        sql_tree_nodes(body, see_comparison, walk);
}

bool sql_look(Arena *arena, const char *text, SqlLook *ret)
{
    SqlLook look = {0};
    Walk walk = {.arena = arena, .look = &look};
    sql_tree_each(text, see_statement, &walk);
    *ret = look;
    return walk.column != NULL;
}

static bool matches(const char *pattern, const char *name, bool any_case)
{
    for (; *pattern != '\0'; pattern++, name++) {
        if (*pattern == '%') {
            while (!matches(pattern + 1, name, any_case)) {
                if (*name++ == '\0')
                    return false;
            }
            return true;
        }
        bool escaped = *pattern == '\\' && pattern[1] != '\0';
        if (escaped)
            pattern++;
        if (*name == '\0')
            return false;
        bool same = any_case ? tolower((unsigned char)*pattern) == tolower((unsigned char)*name)
                             : *pattern == *name;
        if (!same && (escaped || *pattern != '_'))
            return false;
    }
    return *name == '\0';
}

bool sql_look_matches(const SqlLook *look, const char *name)
{
    return matches(look->pattern, name, look->any_case);
}
