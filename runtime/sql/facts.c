/* The walk over a statement's tree. The parser's JSON leaves out what is false, so absent means
 * false. */
#include "sql/facts.h"

#include <string.h>
#include <strings.h>

enum { RELATIONS_MAX = 1000 }; /* more are not listed */

/* Who acts, whether triggers fire, how a transaction reads, and whether a commit is on disk: the
 * runtime depends on each. */
static const char *const FORBIDDEN[] = {
    "role",
    "session_authorization",
    "session_replication_role",
    "synchronous_commit",
    "transaction_isolation",
    "transaction_read_only",
    "transaction_deferrable",
};

static const char *const WRITING_NODES[] = {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"};

typedef struct Walk {
    Arena *arena;
    SqlFacts facts;
    const char **with_names;
    size_t with_count;
} Walk;

bool sql_facts_forbidden(const char *setting)
{
    for (size_t i = 0; i < COUNT_OF(FORBIDDEN); i++) {
        if (strcasecmp(setting, FORBIDDEN[i]) == 0)
            return true;
    }
    return false;
}

const char *sql_facts_forbidden_name(size_t i)
{
    return i < COUNT_OF(FORBIDDEN) ? FORBIDDEN[i] : NULL;
}

static const char *last_string(const json_t *list)
{
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    return json_get_string(json_object_get(last, "String"), "sval", "");
}

/* The text of a literal, also behind a cast; NULL when it is computed. */
static const char *literal(const json_t *expression)
{
    const json_t *cast = json_object_get(expression, "TypeCast");
    if (cast != NULL)
        return literal(json_object_get(cast, "arg"));
    const json_t *constant = json_object_get(expression, "A_Const");
    return json_get_string(json_object_get(constant, "sval"), "sval", NULL);
}

/* The first argument of set_config(), by place or by name (setting_name => ...). */
static const json_t *setting_argument(const json_t *args)
{
    size_t i;
    json_t *arg;
    json_array_foreach (args, i, arg) {
        const json_t *named = json_object_get(arg, "NamedArgExpr");
        if (named != NULL && text_equal(json_get_string(named, "name", ""), "setting_name"))
            return json_object_get(named, "arg");
    }
    return json_array_get(args, 0);
}

static void see_call(Walk *walk, const json_t *call)
{
    const json_t *name = json_object_get(call, "funcname");
    if (!text_equal(last_string(name), "set_config"))
        return;
    const char *setting = literal(setting_argument(json_object_get(call, "args")));
    if (setting == NULL || sql_facts_forbidden(setting))
        walk->facts.sets_forbidden = true;
}

static bool listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static void add_name(Arena *arena, const char ***names, size_t *count, const char *name)
{
    if (*count >= RELATIONS_MAX || listed(*names, *count, name))
        return;
    if (*count % 16 == 0) {
        const char **more = arena_alloc(arena, (*count + 16) * sizeof *more);
        if (*count > 0)
            memcpy(more, *names, *count * sizeof *more);
        *names = more;
    }
    (*names)[(*count)++] = name;
}

static void see_relation(Walk *walk, const json_t *relation)
{
    const char *schema = json_get_string(relation, "schemaname", NULL);
    const char *name = json_get_string(relation, "relname", "");
    if (schema == NULL && listed(walk->with_names, walk->with_count, name))
        return;
    name = schema == NULL ? arena_strdup(walk->arena, name)
                          : arena_printf(walk->arena, "%s.%s", schema, name);
    add_name(walk->arena, &walk->facts.relations, &walk->facts.relations_count, name);
}

static void see_node(Walk *walk, const char *key, const json_t *value)
{
    if (listed(WRITING_NODES, COUNT_OF(WRITING_NODES), key))
        walk->facts.writes = true;
    else if (strcmp(key, "lockingClause") == 0)
        walk->facts.locks_rows = true;
    else if (strcmp(key, "FuncCall") == 0 || strcmp(key, "funccall") == 0)
        see_call(walk, value);
    else if (strcmp(key, "ParamRef") == 0)
        walk->facts.has_parameters = true;
    if (strcmp(key, "UpdateStmt") == 0 &&
        text_equal(json_get_string(json_object_get(value, "relation"), "relname", ""),
                   "pg_settings"))
        walk->facts.writes_settings = true;
}

/* The names that WITH gives come first, wherever they stand: a reference may precede its
 * definition. */
static void find_with_names(Walk *walk, json_t *value)
{
    const char *key;
    json_t *child;
    size_t i;
    const char *name = json_get_string(value, "ctename", NULL);
    if (name != NULL)
        add_name(walk->arena, &walk->with_names, &walk->with_count, name);
    json_array_foreach (value, i, child)
        find_with_names(walk, child);
    json_object_foreach (value, key, child)
        find_with_names(walk, child);
}

static void find_facts(Walk *walk, json_t *value)
{
    const char *key;
    json_t *child;
    size_t i;
    if (json_object_get(value, "relname") != NULL &&
        json_object_get(value, "relpersistence") != NULL)
        see_relation(walk, value);
    json_array_foreach (value, i, child)
        find_facts(walk, child);
    json_object_foreach (value, key, child) {
        see_node(walk, key, child);
        find_facts(walk, child);
    }
}

/* DROP TABLE names its objects as lists of strings. */
static void find_dropped(Walk *walk)
{
    static const char *const KINDS[] = {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW",
                                        "OBJECT_FOREIGN_TABLE"};
    const json_t *drop = walk->facts.body;
    size_t i;
    json_t *object;
    if (strcmp(walk->facts.node, "DropStmt") != 0 ||
        !listed(KINDS, COUNT_OF(KINDS), json_get_string(drop, "removeType", "")))
        return;
    json_array_foreach (json_object_get(drop, "objects"), i, object) {
        const json_t *items = json_object_get(json_object_get(object, "List"), "items");
        size_t count = json_array_size(items);
        const char *name = last_string(items);
        if (count > 1)
            name = arena_printf(
                walk->arena, "%s.%s",
                json_get_string(json_object_get(json_array_get(items, count - 2), "String"), "sval",
                                ""),
                name);
        add_name(walk->arena, &walk->facts.relations, &walk->facts.relations_count,
                 arena_strdup(walk->arena, name));
    }
}

SqlFacts sql_facts(Arena *arena, json_t *tree)
{
    Walk walk = {.arena = arena};
    void *first = json_object_iter(tree);
    invariant(first != NULL);
    walk.facts.node = json_object_iter_key(first);
    walk.facts.body = json_object_iter_value(first);
    find_with_names(&walk, tree);
    find_facts(&walk, tree);
    find_dropped(&walk);
    return walk.facts;
}
