/* Added and dropped columns, from the parse tree. */
#include "sql/columns.h"

#include "sql/name.h"
#include "sql/parse.h"

#include <string.h>

enum { COLUMNS_MAX = 1000, COLUMNS_STEP = 16 };

static void append(SqlColumns *columns, SqlColumn item)
{
    if (columns->count == COLUMNS_MAX)
        return;
    if (columns->count % COLUMNS_STEP == 0) {
        SqlColumn *more =
            arena_alloc(columns->arena, (columns->count + COLUMNS_STEP) * sizeof(*more));
        if (columns->count > 0)
            memcpy(more, columns->items, columns->count * sizeof(*more));
        columns->items = more;
    }
    item.column = arena_strdup(columns->arena, item.column);
    columns->items[columns->count++] = item;
}

static const char *relation_name(Arena *arena, const json_t *relation)
{
    const char *schema = json_get_string(relation, "schemaname", NULL);
    const char *name = json_get_string(relation, "relname", "");
    return schema == NULL ? arena_strdup(arena, name) : arena_printf(arena, "%s.%s", schema, name);
}

static const char *string_of(const json_t *item)
{
    return json_get_string(json_object_get(item, "String"), "sval",
                           json_get_string(json_object_get(item, "String"), "str", ""));
}

/* ["pg_catalog", "int4"] and array bounds, as SQL, every name quoted: "char" is another type than
 * char, and a type may have a keyword's name. Modifiers do not matter for a NULL. */
static const char *type_text(Arena *arena, const json_t *type)
{
    const char *text = "";
    size_t i = 0;
    json_t *part = NULL;
    json_array_foreach (json_object_get(type, "names"), i, part) {
        const char *name = string_of(part);
        bool built_in = i == 0 && text_equal(name, "pg_catalog");
        if (!built_in)
            text = arena_printf(arena, "%s%s%s", text, text[0] == '\0' ? "" : ".",
                                sql_name_quoted(arena, name));
    }
    bool array = json_array_size(json_object_get(type, "arrayBounds")) > 0;
    return array ? arena_printf(arena, "%s[]", text) : text;
}

static void each_alter(const json_t *stmts, SqlColumns *columns, const char *subtype,
                       void (*take)(SqlColumns *columns, const json_t *table,
                                    const json_t *command))
{
    size_t i = 0;
    json_t *stmt = NULL;
    json_array_foreach ((json_t *)stmts, i, stmt) {
        const json_t *alter = json_object_get(json_object_get(stmt, "stmt"), "AlterTableStmt");
        size_t c = 0;
        json_t *item = NULL;
        json_array_foreach (json_object_get(alter, "cmds"), c, item) {
            const json_t *command = json_object_get(item, "AlterTableCmd");
            if (text_equal(json_get_string(command, "subtype", ""), subtype))
                take(columns, json_object_get(alter, "relation"), command);
        }
    }
}

static void take_added(SqlColumns *columns, const json_t *table, const json_t *command)
{
    const json_t *definition = json_object_get(json_object_get(command, "def"), "ColumnDef");
    append(columns,
           (SqlColumn){.table = relation_name(columns->arena, table),
                       .relation = sql_name_range(columns->arena, table),
                       .column = json_get_string(definition, "colname", ""),
                       .type = type_text(columns->arena, json_object_get(definition, "typeName"))});
}

static void take_dropped(SqlColumns *columns, const json_t *table, const json_t *command)
{
    append(columns, (SqlColumn){.table = relation_name(columns->arena, table),
                                .relation = sql_name_range(columns->arena, table),
                                .column = json_get_string(command, "name", "")});
}

static void added(json_t *stmts, void *ctx)
{
    each_alter(stmts, ctx, "AT_AddColumn", take_added);
}

/* DROP TABLE names its objects as lists of strings, DROP SCHEMA as strings. */
static void take_objects(SqlColumns *columns, const json_t *drop)
{
    bool tables = text_equal(json_get_string(drop, "removeType", ""), "OBJECT_TABLE");
    size_t i = 0;
    json_t *object = NULL;
    if (!tables && !text_equal(json_get_string(drop, "removeType", ""), "OBJECT_SCHEMA"))
        return;
    json_array_foreach (json_object_get(drop, "objects"), i, object) {
        const json_t *names = json_object_get(json_object_get(object, "List"), "items");
        const json_t *last =
            tables ? json_array_get(names, json_array_size(names) - 1) : (const json_t *)object;
        append(columns,
               (SqlColumn){.table = arena_strdup(columns->arena, string_of(last)),
                           .relation =
                               tables ? sql_name_list(columns->arena, names, json_array_size(names))
                                      : sql_name_quoted(columns->arena, string_of(last)),
                           .column = tables ? "*" : "**"});
    }
}

static void dropped(json_t *stmts, void *ctx)
{
    SqlColumns *columns = ctx;
    each_alter(stmts, columns, "AT_DropColumn", take_dropped);
    size_t i = 0;
    json_t *stmt = NULL;
    json_array_foreach (stmts, i, stmt) {
        take_objects(columns, json_object_get(json_object_get(stmt, "stmt"), "DropStmt"));
    }
}

static void walk(const char *text, SqlParseUse *use, SqlColumns *columns)
{
    SqlFault fault;
    Error err = {0};
    if (!sql_parse_accepts(text, &err) || !sql_parse(text, use, columns, &fault))
        return; /* the check of the plan says so; here it only means: nothing known */
}

void sql_columns_added(const char *text, SqlColumns *columns)
{
    walk(text, added, columns);
}

void sql_columns_dropped(const char *text, SqlColumns *columns)
{
    walk(text, dropped, columns);
}

const SqlColumn *sql_columns_find(const SqlColumns *columns, const char *table, const char *column)
{
    for (size_t i = 0; i < columns->count; i++) {
        const SqlColumn *item = &columns->items[i];
        bool same_column = text_equal(item->column, column) || text_equal(item->column, "*");
        if (same_column && text_equal(sql_name_last(item->table), sql_name_last(table)))
            return item;
    }
    return NULL;
}
