/* What a statement makes or takes away, by a table of nodes. */
#include "sql/object.h"

#include "sql/name.h"
#include "sql/tree.h"

#include <string.h>

typedef struct Walk {
    SqlObjects *made;
    SqlObjects *gone;
    size_t at_bytes;
} Walk;

static const char *const KIND_NAMES[SQL_OBJECT_KINDS] = {
    [SQL_OBJECT_TABLE] = "table",
    [SQL_OBJECT_VIEW] = "view",
    [SQL_OBJECT_SEQUENCE] = "sequence",
    [SQL_OBJECT_INDEX] = "index",
    [SQL_OBJECT_FUNCTION] = "function",
    [SQL_OBJECT_ENUM] = "enum",
    [SQL_OBJECT_TYPE] = "type",
    [SQL_OBJECT_SCHEMA] = "schema",
    [SQL_OBJECT_EXTENSION] = "extension",
    [SQL_OBJECT_TRIGGER] = "trigger",
    [SQL_OBJECT_COLUMN] = "column",
    [SQL_OBJECT_CONSTRAINT] = "constraint",
    [SQL_OBJECT_PUBLICATION] = "publication",
};

/* What DROP and ALTER call the kinds. */
static const struct {
    const char *name;
    SqlObjectKind kind;
} TYPES[] = {
    {"OBJECT_TABLE", SQL_OBJECT_TABLE},
    {"OBJECT_FOREIGN_TABLE", SQL_OBJECT_TABLE},
    {"OBJECT_VIEW", SQL_OBJECT_VIEW},
    {"OBJECT_MATVIEW", SQL_OBJECT_VIEW},
    {"OBJECT_SEQUENCE", SQL_OBJECT_SEQUENCE},
    {"OBJECT_INDEX", SQL_OBJECT_INDEX},
    {"OBJECT_FUNCTION", SQL_OBJECT_FUNCTION},
    {"OBJECT_PROCEDURE", SQL_OBJECT_FUNCTION},
    {"OBJECT_ROUTINE", SQL_OBJECT_FUNCTION},
    {"OBJECT_TYPE", SQL_OBJECT_TYPE},
    {"OBJECT_DOMAIN", SQL_OBJECT_TYPE},
    {"OBJECT_SCHEMA", SQL_OBJECT_SCHEMA},
    {"OBJECT_EXTENSION", SQL_OBJECT_EXTENSION},
    {"OBJECT_TRIGGER", SQL_OBJECT_TRIGGER},
    {"OBJECT_PUBLICATION", SQL_OBJECT_PUBLICATION},
};

const char *sql_object_kind_name(SqlObjectKind kind)
{
    return KIND_NAMES[kind];
}

const char *sql_object_text(Arena *arena, const SqlObject *object)
{
    bool inside = object->kind == SQL_OBJECT_TRIGGER || object->kind == SQL_OBJECT_COLUMN ||
                  object->kind == SQL_OBJECT_CONSTRAINT;
    const char *name =
        inside ? arena_printf(arena, "%s.%s", object->table, object->name) : object->name;
    return object->schema == NULL ? name : arena_printf(arena, "%s.%s", object->schema, name);
}

const char *sql_object_quoted(Arena *arena, const SqlObject *object)
{
    const char *name = sql_name_quoted(arena, object->name);
    return object->schema == NULL
               ? name
               : arena_printf(arena, "%s.%s", sql_name_quoted(arena, object->schema), name);
}

/* ------------------------------------------------------------------ comparing */

static bool same_schema(const char *one, const char *other)
{
    return one == NULL || other == NULL || strcmp(one, other) == 0;
}

static bool is_type(SqlObjectKind kind)
{
    return kind == SQL_OBJECT_ENUM || kind == SQL_OBJECT_TYPE;
}

bool sql_object_covers(const SqlObject *gone, const SqlObject *object)
{
    bool same_kind = gone->kind == object->kind || (is_type(gone->kind) && is_type(object->kind));
    if (gone->kind == SQL_OBJECT_SCHEMA && gone->cascade && object->schema != NULL &&
        strcmp(gone->name, object->schema) == 0)
        return true;
    if (gone->kind == SQL_OBJECT_TABLE && object->table != NULL)
        return strcmp(gone->name, object->table) == 0 && same_schema(gone->schema, object->schema);
    return same_kind && strcmp(gone->name, object->name) == 0 &&
           same_schema(gone->schema, object->schema) &&
           (gone->table == NULL || object->table == NULL ||
            strcmp(gone->table, object->table) == 0);
}

/* ------------------------------------------------------------------ gathering */

static const char *string_at(const json_t *names, size_t from_end)
{
    size_t count = json_array_size(names);
    if (count < from_end)
        return NULL;
    const json_t *name = json_object_get(json_array_get(names, count - from_end), "String");
    return json_get_string(name, "sval", NULL);
}

void sql_objects_add(SqlObjects *objects, const SqlObject *object)
{
    if (objects->count == objects->room) {
        objects->room = objects->room == 0 ? 16 : objects->room * 2;
        SqlObject *more = arena_alloc(objects->arena, objects->room * sizeof(*more));
        if (objects->count > 0)
            memcpy(more, objects->items, objects->count * sizeof(*more));
        objects->items = more;
    }
    SqlObject *added = &objects->items[objects->count++];
    *added = *object;
    added->name = arena_strdup(objects->arena, object->name);
    added->schema = arena_strdup(objects->arena, object->schema);
    added->table = arena_strdup(objects->arena, object->table);
}

SqlObject *sql_objects_find(const SqlObjects *objects, const SqlObject *object)
{
    for (size_t i = 0; i < objects->count; i++) {
        if (sql_object_covers(&objects->items[i], object))
            return &objects->items[i];
    }
    return NULL;
}

/* What was made and is gone again was never there. */
static void take_away(Walk *walk, SqlObject object)
{
    object.at_bytes = walk->at_bytes;
    if (walk->gone != NULL)
        sql_objects_add(walk->gone, &object);
    for (size_t i = 0; walk->made != NULL && i < walk->made->count;) {
        if (!sql_object_covers(&object, &walk->made->items[i])) {
            i++;
            continue;
        }
        walk->made->count--;
        memmove(&walk->made->items[i], &walk->made->items[i + 1],
                (walk->made->count - i) * sizeof(object));
    }
}

static void make(Walk *walk, SqlObject object)
{
    object.at_bytes = walk->at_bytes;
    if (walk->made != NULL && object.name != NULL)
        sql_objects_add(walk->made, &object);
}

static SqlObject of_range(SqlObjectKind kind, const json_t *range)
{
    return (SqlObject){.kind = kind,
                       .schema = json_get_string(range, "schemaname", NULL),
                       .name = json_get_string(range, "relname", NULL)};
}

static SqlObject of_names(SqlObjectKind kind, const json_t *names)
{
    return (SqlObject){.kind = kind, .schema = string_at(names, 2), .name = string_at(names, 1)};
}

static bool temporary(const json_t *range)
{
    return text_equal(json_get_string(range, "relpersistence", ""), "t");
}

/* ------------------------------------------------------------------ statements */

static void see_create_table(Walk *walk, const json_t *body)
{
    const json_t *base = json_object_get(body, "base"); /* of a foreign table */
    const json_t *relation = json_object_get(base == NULL ? body : base, "relation");
    SqlObject table = of_range(SQL_OBJECT_TABLE, relation);
    table.may_exist = json_get_bool(base == NULL ? body : base, "if_not_exists", false);
    if (!temporary(relation))
        make(walk, table);
}

static void see_create_as(Walk *walk, const json_t *body)
{
    bool view = text_equal(json_get_string(body, "objtype", ""), "OBJECT_MATVIEW");
    const json_t *rel = json_object_get(json_object_get(body, "into"), "rel");
    if (!temporary(rel))
        make(walk, of_range(view ? SQL_OBJECT_VIEW : SQL_OBJECT_TABLE, rel));
}

static void see_view(Walk *walk, const json_t *body)
{
    SqlObject view = of_range(SQL_OBJECT_VIEW, json_object_get(body, "view"));
    view.replaces = json_get_bool(body, "replace", false);
    make(walk, view);
}

static void see_sequence(Walk *walk, const json_t *body)
{
    make(walk, of_range(SQL_OBJECT_SEQUENCE, json_object_get(body, "sequence")));
}

static void see_index(Walk *walk, const json_t *body)
{
    const json_t *relation = json_object_get(body, "relation");
    make(walk, (SqlObject){.kind = SQL_OBJECT_INDEX,
                           .schema = json_get_string(relation, "schemaname", NULL),
                           .table = json_get_string(relation, "relname", NULL),
                           .name = json_get_string(body, "idxname", NULL)});
}

static bool says_immutable(const json_t *options)
{
    const json_t *word = json_object_get(sql_tree_option(options, "volatility"), "String");
    return text_equal(json_get_string(word, "sval", ""), "immutable");
}

static void see_function(Walk *walk, const json_t *body)
{
    SqlObject function = of_names(SQL_OBJECT_FUNCTION, json_object_get(body, "funcname"));
    function.replaces = json_get_bool(body, "replace", false);
    function.immutable = says_immutable(json_object_get(body, "options"));
    make(walk, function);
}

static void see_enum(Walk *walk, const json_t *body)
{
    make(walk, of_names(SQL_OBJECT_ENUM, json_object_get(body, "typeName")));
}

static void see_range_type(Walk *walk, const json_t *body)
{
    make(walk, of_names(SQL_OBJECT_TYPE, json_object_get(body, "typeName")));
}

static void see_composite(Walk *walk, const json_t *body)
{
    make(walk, of_range(SQL_OBJECT_TYPE, json_object_get(body, "typevar")));
}

static void see_domain(Walk *walk, const json_t *body)
{
    make(walk, of_names(SQL_OBJECT_TYPE, json_object_get(body, "domainname")));
}

static void see_schema(Walk *walk, const json_t *body)
{
    make(walk,
         (SqlObject){.kind = SQL_OBJECT_SCHEMA, .name = json_get_string(body, "schemaname", NULL)});
}

static void see_extension(Walk *walk, const json_t *body)
{
    make(walk,
         (SqlObject){.kind = SQL_OBJECT_EXTENSION, .name = json_get_string(body, "extname", NULL)});
}

static void see_publication(Walk *walk, const json_t *body)
{
    make(walk, (SqlObject){.kind = SQL_OBJECT_PUBLICATION,
                           .name = json_get_string(body, "pubname", NULL)});
}

static SqlObject inside(SqlObjectKind kind, const json_t *relation, const char *name)
{
    return (SqlObject){.kind = kind,
                       .schema = json_get_string(relation, "schemaname", NULL),
                       .table = json_get_string(relation, "relname", ""),
                       .name = name};
}

static void see_trigger(Walk *walk, const json_t *body)
{
    SqlObject trigger = inside(SQL_OBJECT_TRIGGER, json_object_get(body, "relation"),
                               json_get_string(body, "trigname", NULL));
    trigger.replaces = json_get_bool(body, "replace", false);
    make(walk, trigger);
}

static const struct {
    const char *subtype;
    const char *def;  /* the node that holds the name; NULL: the command does */
    const char *name; /* its field */
    SqlObjectKind kind;
    bool drops;
} COMMANDS[] = {
    {"AT_AddColumn", "ColumnDef", "colname", SQL_OBJECT_COLUMN, false},
    {"AT_AddConstraint", "Constraint", "conname", SQL_OBJECT_CONSTRAINT, false},
    {"AT_DropColumn", NULL, "name", SQL_OBJECT_COLUMN, true},
    {"AT_DropConstraint", NULL, "name", SQL_OBJECT_CONSTRAINT, true},
};

static void see_command(Walk *walk, const json_t *relation, const json_t *command)
{
    const char *subtype = json_get_string(command, "subtype", "");
    for (size_t i = 0; i < COUNT_OF(COMMANDS); i++) {
        if (!text_equal(subtype, COMMANDS[i].subtype))
            continue;
        const json_t *named =
            COMMANDS[i].def == NULL
                ? command
                : json_object_get(json_object_get(command, "def"), COMMANDS[i].def);
        SqlObject object =
            inside(COMMANDS[i].kind, relation, json_get_string(named, COMMANDS[i].name, NULL));
        object.may_miss = json_get_bool(command, "missing_ok", false);
        object.cascade = text_equal(json_get_string(command, "behavior", ""), "DROP_CASCADE");
        if (object.name != NULL && COMMANDS[i].drops)
            take_away(walk, object);
        else
            make(walk, object);
    }
}

static void see_alter_table(Walk *walk, const json_t *body)
{
    const json_t *relation = json_object_get(body, "relation");
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(body, "cmds"), i, item)
        see_command(walk, relation, json_object_get(item, "AlterTableCmd"));
}

static bool kind_of(const char *type, SqlObjectKind *ret)
{
    for (size_t i = 0; i < COUNT_OF(TYPES); i++) {
        if (strcmp(TYPES[i].name, type) != 0)
            continue;
        *ret = TYPES[i].kind;
        return true;
    }
    return false;
}

/* Objects stand as lists of strings, as types, as functions with arguments, or as one string. */
static SqlObject of_object(SqlObjectKind kind, const json_t *object)
{
    const json_t *names = json_object_get(json_object_get(object, "List"), "items");
    if (names == NULL)
        names = json_object_get(json_object_get(object, "TypeName"), "names");
    if (names == NULL)
        names = json_object_get(json_object_get(object, "ObjectWithArgs"), "objname");
    if (names == NULL)
        return (SqlObject){
            .kind = kind, .name = json_get_string(json_object_get(object, "String"), "sval", NULL)};
    if (kind == SQL_OBJECT_TRIGGER)
        return (SqlObject){.kind = kind,
                           .schema = string_at(names, 3),
                           .table = string_at(names, 2),
                           .name = string_at(names, 1)};
    return of_names(kind, names);
}

static void see_drop(Walk *walk, const json_t *body)
{
    SqlObjectKind kind = SQL_OBJECT_TABLE;
    size_t i = 0;
    json_t *object = NULL;
    if (!kind_of(json_get_string(body, "removeType", ""), &kind))
        return;
    json_array_foreach (json_object_get(body, "objects"), i, object) {
        SqlObject gone = of_object(kind, object);
        gone.may_miss = json_get_bool(body, "missing_ok", false);
        gone.cascade = text_equal(json_get_string(body, "behavior", ""), "DROP_CASCADE");
        if (gone.name != NULL)
            take_away(walk, gone);
    }
}

static void see_moved(Walk *walk, const json_t *body)
{
    SqlObjectKind kind = SQL_OBJECT_TABLE;
    const json_t *relation = json_object_get(body, "relation");
    if (!kind_of(json_get_string(body, "objectType", ""), &kind))
        return;
    SqlObject object = relation != NULL ? of_range(kind, relation)
                                        : of_object(kind, json_object_get(body, "object"));
    if (object.name == NULL)
        return;
    take_away(walk, object);
    object.schema = json_get_string(body, "newschema", NULL);
    object.moved = true;
    make(walk, object);
}

static void see_renamed(Walk *walk, const json_t *body)
{
    SqlObjectKind kind = SQL_OBJECT_TABLE;
    const json_t *relation = json_object_get(body, "relation");
    bool column = text_equal(json_get_string(body, "renameType", ""), "OBJECT_COLUMN");
    if (!column && !kind_of(json_get_string(body, "renameType", ""), &kind))
        return;
    SqlObject object =
        column ? inside(SQL_OBJECT_COLUMN, relation, json_get_string(body, "subname", NULL))
        : relation != NULL && kind != SQL_OBJECT_TRIGGER
            ? of_range(kind, relation)
            : of_object(kind, json_object_get(body, "object"));
    if (object.name == NULL)
        return;
    take_away(walk, object);
    object.name = json_get_string(body, "newname", NULL);
    object.moved = true;
    make(walk, object);
}

static const struct {
    const char *node;
    void (*see)(Walk *walk, const json_t *body);
} STATEMENTS[] = {
    {"CreateStmt", see_create_table},
    {"CreateForeignTableStmt", see_create_table},
    {"CreateTableAsStmt", see_create_as},
    {"ViewStmt", see_view},
    {"CreateSeqStmt", see_sequence},
    {"IndexStmt", see_index},
    {"CreateFunctionStmt", see_function},
    {"CreateEnumStmt", see_enum},
    {"CreateRangeStmt", see_range_type},
    {"CompositeTypeStmt", see_composite},
    {"CreateDomainStmt", see_domain},
    {"CreateSchemaStmt", see_schema},
    {"CreateExtensionStmt", see_extension},
    {"CreatePublicationStmt", see_publication},
    {"CreateTrigStmt", see_trigger},
    {"AlterTableStmt", see_alter_table},
    {"DropStmt", see_drop},
    {"AlterObjectSchemaStmt", see_moved},
    {"RenameStmt", see_renamed},
};

void sql_objects_see(const char *node, const json_t *body, size_t at_bytes, SqlObjects *made,
                     SqlObjects *gone)
{
    Walk walk = {.made = made, .gone = gone, .at_bytes = at_bytes};
    for (size_t i = 0; i < COUNT_OF(STATEMENTS); i++) {
        if (strcmp(STATEMENTS[i].node, node) == 0)
            STATEMENTS[i].see(&walk, body);
    }
}

static void see_statement(const char *node, const json_t *body, size_t at_bytes, void *ctx)
{
    const Walk *walk = ctx;
    sql_objects_see(node, body, at_bytes, walk->made, walk->gone);
}

void sql_objects_made(const char *text, SqlObjects *objects)
{
    sql_tree_each(text, see_statement, &(Walk){.made = objects});
}

void sql_objects_gone(const char *text, SqlObjects *objects)
{
    sql_tree_each(text, see_statement, &(Walk){.gone = objects});
}
