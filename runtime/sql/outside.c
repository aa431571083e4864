/* One row a node of the parse tree: how its names are found. */
#include "sql/outside.h"

#include "sql/parse.h"

#include <ctype.h>
#include <string.h>

typedef struct Reading {
    Arena *arena;
    const char *text;
    SqlOutside outside;
} Reading;

static const char *kept(const Reading *reading, const json_t *object, const char *key)
{
    return arena_strdup(reading->arena, json_get_string(object, key, NULL));
}

static SqlOutsideName range_name(const Reading *reading, const json_t *range)
{
    return (SqlOutsideName){kept(reading, range, "schemaname"), kept(reading, range, "relname")};
}

static bool option_given(const json_t *options, const char *name)
{
    size_t i;
    json_t *option;
    json_array_foreach (options, i, option) {
        if (text_equal(json_get_string(json_object_get(option, "DefElem"), "defname", ""), name))
            return true;
    }
    return false;
}

/* Past one name: quoted, U&"quoted" or plain. */
static size_t skip_name(const char *text, size_t at)
{
    if (text[at] != '"' && (text[at] | 0x20) == 'u' && text[at + 1] == '&')
        at += 2;
    if (text[at] != '"') {
        while (isalnum((unsigned char)text[at]) || text[at] == '_' || text[at] == '$' ||
               (unsigned char)text[at] >= 0x80)
            at++;
        return at;
    }
    for (at++; text[at] != '\0'; at++) {
        if (text[at] != '"')
            continue;
        if (text[at + 1] != '"')
            return at + 1;
        at++;
    }
    return at;
}

static size_t skip_space(const char *text, size_t at)
{
    while (isspace((unsigned char)text[at]))
        at++;
    return at;
}

/* What follows "schema.table" at a byte of the text. */
static const char *after_range(const char *text, const json_t *range)
{
    int64_t location = json_get_int(range, "location", -1);
    if (location < 0 || (size_t)location >= strlen(text))
        return NULL;
    size_t at = skip_name(text, (size_t)location);
    for (size_t dot = skip_space(text, at); text[dot] == '.'; dot = skip_space(text, at))
        at = skip_name(text, skip_space(text, dot + 1));
    return text + at;
}

static void read_index(Reading *reading, const json_t *body)
{
    const json_t *range = json_object_get(body, "relation");
    SqlOutside *outside = &reading->outside;
    if (!json_get_bool(body, "concurrent", false) || json_get_bool(body, "if_not_exists", false))
        return;
    outside->kind = SQL_OUTSIDE_CREATE_INDEX;
    outside->relation = range_name(reading, range);
    outside->object.name = kept(reading, body, "idxname");
    outside->unique = json_get_bool(body, "unique", false);
    outside->form = arena_strdup(reading->arena, after_range(reading->text, range));
}

static void read_drop(Reading *reading, const json_t *body)
{
    const json_t *objects = json_object_get(body, "objects");
    const json_t *list = json_object_get(json_array_get(objects, 0), "List");
    const json_t *items = json_object_get(list, "items");
    size_t parts = json_array_size(items);
    const char *names[2] = {NULL, NULL};
    /* PostgreSQL itself drops only one index at a time CONCURRENTLY. */
    if (!json_get_bool(body, "concurrent", false) || json_array_size(objects) != 1 || parts < 1 ||
        parts > 2)
        return;
    for (size_t i = 0; i < parts; i++)
        names[i] = kept(reading, json_object_get(json_array_get(items, i), "String"), "sval");
    reading->outside.kind = SQL_OUTSIDE_DROP_INDEX;
    reading->outside.object = (SqlOutsideName){parts == 2 ? names[0] : NULL, names[parts - 1]};
    reading->outside.if_exists = json_get_bool(body, "missing_ok", false);
}

static void read_reindex(Reading *reading, const json_t *body)
{
    const char *kind = json_get_string(body, "kind", "");
    bool concurrently = option_given(json_object_get(body, "params"), "concurrently");
    bool index = text_equal(kind, "REINDEX_OBJECT_INDEX");
    bool one = index || text_equal(kind, "REINDEX_OBJECT_TABLE");
    reading->outside.kind = !one    ? SQL_OUTSIDE_REINDEX_MANY
                            : index ? SQL_OUTSIDE_REINDEX_INDEX
                                    : SQL_OUTSIDE_REINDEX_TABLE;
    reading->outside.object = range_name(reading, json_object_get(body, "relation"));
    reading->outside.blocks = !concurrently;
}

static void read_detach(Reading *reading, const json_t *body)
{
    const json_t *cmds = json_object_get(body, "cmds");
    const json_t *command = json_object_get(json_array_get(cmds, 0), "AlterTableCmd");
    const json_t *def = json_object_get(json_object_get(command, "def"), "PartitionCmd");
    if (json_array_size(cmds) != 1 || !json_get_bool(def, "concurrent", false))
        return;
    reading->outside.kind = SQL_OUTSIDE_DETACH;
    reading->outside.relation = range_name(reading, json_object_get(body, "relation"));
    reading->outside.object = range_name(reading, json_object_get(def, "name"));
    reading->outside.blocks = true; /* its second transaction locks the partition */
}

static void read_vacuum(Reading *reading, const json_t *body)
{
    reading->outside.kind = SQL_OUTSIDE_REPEATABLE;
    reading->outside.blocks = option_given(json_object_get(body, "options"), "full");
}

static void read_subscription(Reading *reading, const json_t *body)
{
    static const char *const REPEATABLE[] = {"ALTER_SUBSCRIPTION_REFRESH",
                                             "ALTER_SUBSCRIPTION_SET_PUBLICATION"};
    for (size_t i = 0; i < COUNT_OF(REPEATABLE); i++) {
        if (text_equal(json_get_string(body, "kind", ""), REPEATABLE[i]))
            reading->outside.kind = SQL_OUTSIDE_REPEATABLE;
    }
}

static const struct Row {
    const char *node;
    SqlOutsideKind kind;
    const char *name; /* the field that names the object */
    void (*read)(Reading *reading, const json_t *body);
    bool blocks;
} ROWS[] = {
    {.node = "IndexStmt", .read = read_index},
    {.node = "DropStmt", .read = read_drop},
    {.node = "ReindexStmt", .read = read_reindex},
    {.node = "AlterTableStmt", .read = read_detach},
    {.node = "VacuumStmt", .read = read_vacuum},
    {.node = "ClusterStmt", .kind = SQL_OUTSIDE_REPEATABLE, .blocks = true},
    {.node = "AlterSystemStmt", .kind = SQL_OUTSIDE_REPEATABLE},
    {.node = "AlterDatabaseStmt", .kind = SQL_OUTSIDE_REPEATABLE},
    {.node = "AlterSubscriptionStmt", .read = read_subscription},
    {.node = "VariableSetStmt", .kind = SQL_OUTSIDE_SESSION},
    {.node = "CreatedbStmt", .kind = SQL_OUTSIDE_CREATE_DATABASE, .name = "dbname"},
    {.node = "DropdbStmt", .kind = SQL_OUTSIDE_DROP_DATABASE, .name = "dbname"},
    {.node = "CreateTableSpaceStmt",
     .kind = SQL_OUTSIDE_CREATE_TABLESPACE,
     .name = "tablespacename"},
    {.node = "DropTableSpaceStmt", .kind = SQL_OUTSIDE_DROP_TABLESPACE, .name = "tablespacename"},
    {.node = "CreateSubscriptionStmt", .kind = SQL_OUTSIDE_CREATE_SUBSCRIPTION, .name = "subname"},
    {.node = "DropSubscriptionStmt", .kind = SQL_OUTSIDE_DROP_SUBSCRIPTION, .name = "subname"},
};

static void read_statement(json_t *stmts, void *ctx)
{
    Reading *reading = ctx;
    const char *node = NULL;
    json_t *body = NULL;
    json_object_foreach (json_object_get(json_array_get(stmts, 0), "stmt"), node, body) {
        for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
            if (!text_equal(ROWS[i].node, node))
                continue;
            if (ROWS[i].read != NULL) {
                ROWS[i].read(reading, body);
                return;
            }
            reading->outside.kind = ROWS[i].kind;
            reading->outside.blocks = ROWS[i].blocks;
            reading->outside.if_exists = json_get_bool(body, "missing_ok", false);
            if (ROWS[i].name != NULL)
                reading->outside.object.name = kept(reading, body, ROWS[i].name);
        }
    }
}

SqlOutside sql_outside(Arena *arena, const char *statement)
{
    Reading reading = {.arena = arena, .text = statement, .outside = {.kind = SQL_OUTSIDE_UNKNOWN}};
    SqlFault fault;
    Error error;
    if (sql_parse_accepts(statement, &error) &&
        !sql_parse(statement, read_statement, &reading, &fault))
        reading.outside.kind = SQL_OUTSIDE_UNKNOWN;
    return reading.outside;
}

const char *sql_outside_name(SqlOutsideKind kind)
{
    static const char *const NAMES[SQL_OUTSIDE_KINDS] = {
        [SQL_OUTSIDE_CREATE_INDEX] = "create_index",
        [SQL_OUTSIDE_DROP_INDEX] = "drop_index",
        [SQL_OUTSIDE_REINDEX_INDEX] = "reindex_index",
        [SQL_OUTSIDE_REINDEX_TABLE] = "reindex_table",
        [SQL_OUTSIDE_REINDEX_MANY] = "reindex_many",
        [SQL_OUTSIDE_DETACH] = "detach",
        [SQL_OUTSIDE_CREATE_DATABASE] = "create_database",
        [SQL_OUTSIDE_DROP_DATABASE] = "drop_database",
        [SQL_OUTSIDE_CREATE_TABLESPACE] = "create_tablespace",
        [SQL_OUTSIDE_DROP_TABLESPACE] = "drop_tablespace",
        [SQL_OUTSIDE_CREATE_SUBSCRIPTION] = "create_subscription",
        [SQL_OUTSIDE_DROP_SUBSCRIPTION] = "drop_subscription",
        [SQL_OUTSIDE_REPEATABLE] = "repeatable",
        [SQL_OUTSIDE_SESSION] = "session",
        [SQL_OUTSIDE_UNKNOWN] = "unknown",
    };
    return NAMES[kind];
}
