/* The catalog: tables, columns, keys, triggers, row-level security. */
#include "data/table.h"

#include "db/sql.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    unsigned oid;
    DataClass class;
} CLASSES[] = {
    {16, DATA_BOOLEAN}, {20, DATA_INTEGER},   {21, DATA_INTEGER},
    {23, DATA_INTEGER}, {114, DATA_JSON},     {700, DATA_FLOAT},
    {701, DATA_FLOAT},  {1700, DATA_NUMERIC}, {3802, DATA_JSONB},
};

static DataClass class_of(int64_t type_oid)
{
    for (size_t i = 0; i < COUNT_OF(CLASSES); i++) {
        if (CLASSES[i].oid == type_oid)
            return CLASSES[i].class;
    }
    return DATA_TEXT;
}

/* Columns of data_table.sql. */
enum {
    TABLE_OID,
    TABLE_SCHEMA,
    TABLE_NAME,
    TABLE_KIND,
    TABLE_ROWS,
    TABLE_BYTES,
    TABLE_CHILDREN,
    TABLE_HIDDEN,
    TABLE_POLICIES,
    TABLE_ROLE,
    TABLE_MAY_READ,
    TABLE_MAY_WRITE,
};

static const char *kind_text(char kind)
{
    switch (kind) {
    case 'v':
        return "a view";
    case 'm':
        return "a materialized view";
    case 'f':
        return "a foreign table: its rows have no version to compare";
    default:
        return "not a table";
    }
}

static bool check_table(const DbResult *row, const DataTable *table, Error *err)
{
    char kind = db_value(row, 0, TABLE_KIND)[0];
    if (kind != 'r' && kind != 'p')
        return error_set(err, ERROR_REFUSED, "%s is %s", table->shown, kind_text(kind));
    if (db_bool(row, 0, TABLE_CHILDREN))
        return error_set(err, ERROR_REFUSED,
                         "%s has inheritance children: no index is unique over them together",
                         table->shown);
    const char *role = db_value(row, 0, TABLE_ROLE);
    if (!db_bool(row, 0, TABLE_MAY_READ) || !db_bool(row, 0, TABLE_MAY_WRITE))
        return error_set(err, ERROR_REFUSED, "role %s may not %s %s", role,
                         db_bool(row, 0, TABLE_MAY_READ) ? "update" : "read", table->shown);
    if (!db_bool(row, 0, TABLE_HIDDEN))
        return true;
    error_set(err, ERROR_REFUSED,
              "row-level security on %s would hide rows from role %s (policies: %s)", table->shown,
              role, db_is_null(row, 0, TABLE_POLICIES) ? "none" : db_value(row, 0, TABLE_POLICIES));
    return error_hint(err, "ALTER ROLE %s BYPASSRLS, or work as the owner of the table", role);
}

static bool get_table(DbConn *conn, Arena *arena, const DataTableOptions *options, DataTable *table,
                      Error *err)
{
    AUTO(db_result_auto) DbResult *row = NULL;
    if (!db_query(conn, db_sql("data_table"), DB_PARAMS(options->name, options->role), &row, err))
        return error_wrap(err, "looking for table %s", options->name);
    if (db_rows(row) == 0)
        return error_set(err, ERROR_INPUT, "there is no table %s", options->name);
    const char *schema = db_quote_identifier(conn, arena, db_value(row, 0, TABLE_SCHEMA), err);
    const char *name = db_quote_identifier(conn, arena, db_value(row, 0, TABLE_NAME), err);
    if (schema == NULL || name == NULL)
        return false;
    table->oid = (unsigned)db_int(row, 0, TABLE_OID);
    table->shown =
        arena_printf(arena, "%s.%s", db_value(row, 0, TABLE_SCHEMA), db_value(row, 0, TABLE_NAME));
    table->quoted = arena_printf(arena, "%s.%s", schema, name);
    table->alias = name;
    table->rows_estimate = db_int(row, 0, TABLE_ROWS);
    table->bytes = db_int(row, 0, TABLE_BYTES);
    return check_table(row, table, err);
}

/* The oid of the table as a parameter. */
typedef struct OidText {
    char digits[16];
} OidText;

static OidText oid_text(const DataTable *table)
{
    OidText text;
    snprintf(text.digits, sizeof(text.digits), "%u", table->oid);
    return text;
}

static bool get_columns(DbConn *conn, Arena *arena, const DataNames *keep, DataTable *table,
                        Error *err)
{
    AUTO(db_result_auto) DbResult *rows = NULL;
    OidText oid = oid_text(table);
    if (!db_query(conn, db_sql("data_columns"), DB_PARAMS(oid.digits), &rows, err))
        return false;
    table->columns_count = (size_t)db_rows(rows);
    table->columns = arena_alloc(arena, (table->columns_count + 1) * sizeof(DataColumn));
    for (int i = 0; i < db_rows(rows); i++) {
        DataColumn *column = &table->columns[i];
        *column = (DataColumn){
            .name = arena_strdup(arena, db_value(rows, i, 0)),
            .quoted = db_quote_identifier(conn, arena, db_value(rows, i, 0), err),
            .type = arena_strdup(arena, db_value(rows, i, 1)),
            .class = class_of(db_int(rows, i, 2)),
            .number = (int)db_int(rows, i, 3),
            .not_null = db_bool(rows, i, 4),
            .generated = db_bool(rows, i, 5),
            .has_default = db_bool(rows, i, 6),
            .keep = data_names_have(keep, db_value(rows, i, 0)),
        };
        if (column->quoted == NULL)
            return false;
    }
    return true;
}

DataColumn *data_table_column(const DataTable *table, const char *name)
{
    for (size_t i = 0; i < table->columns_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    }
    return NULL;
}

static bool check_names(const DataTable *table, const DataNames *names, const char *what,
                        Error *err)
{
    for (size_t i = 0; i < names->count; i++) {
        if (data_table_column(table, names->items[i]) == NULL)
            return error_set(err, ERROR_INPUT, "%s: table %s has no column \"%s\"", what,
                             table->shown, names->items[i]);
    }
    return true;
}

/* ---------------------------------------------------------------- keys */

/* Columns of data_keys.sql. */
enum { KEY_INDEX, KEY_PRIMARY, KEY_COLUMNS_OF, KEY_REFUSED };

typedef struct KeyIndex {
    const char *name;
    bool primary;
    char **columns;
    size_t count;
    const char *refused; /* why it cannot serve; NULL = it can */
} KeyIndex;

static bool get_indexes(DbConn *conn, Arena *arena, const DataTable *table, KeyIndex **ret_indexes,
                        size_t *ret_count, Error *err)
{
    AUTO(db_result_auto) DbResult *rows = NULL;
    OidText oid = oid_text(table);
    if (!db_query(conn, db_sql("data_keys"), DB_PARAMS(oid.digits), &rows, err))
        return false;
    size_t count = (size_t)db_rows(rows);
    KeyIndex *indexes = arena_alloc(arena, (count + 1) * sizeof(KeyIndex));
    for (int i = 0; i < (int)count; i++) {
        KeyIndex *index = &indexes[i];
        index->name = arena_strdup(arena, db_value(rows, i, KEY_INDEX));
        index->primary = db_bool(rows, i, KEY_PRIMARY);
        if (!db_is_null(rows, i, KEY_REFUSED))
            index->refused = arena_strdup(arena, db_value(rows, i, KEY_REFUSED));
        if (!db_array_parse(arena, db_value(rows, i, KEY_COLUMNS_OF), &index->columns,
                            &index->count, err))
            return false;
    }
    *ret_indexes = indexes;
    *ret_count = count;
    return true;
}

/* Does the plan mean this index? Without names, the primary key. */
static bool index_meant(const KeyIndex *index, const DataNames *names)
{
    if (names->count == 0)
        return index->primary;
    if (names->count != index->count)
        return false;
    for (size_t i = 0; i < index->count; i++) {
        if (!data_names_have(names, index->columns[i]))
            return false;
    }
    return true;
}

static const char *names_text(Arena *arena, const DataNames *names)
{
    const char *text = "";
    for (size_t i = 0; i < names->count; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", names->items[i]);
    return text;
}

static bool no_key(Arena *arena, const DataTable *table, const DataNames *names,
                   const KeyIndex *refused, Error *err)
{
    if (refused != NULL)
        error_set(err, ERROR_REFUSED, "table %s: index %s cannot be the key: %s", table->shown,
                  refused->name, refused->refused);
    else if (names->count == 0)
        error_set(err, ERROR_REFUSED, "table %s has no primary key", table->shown);
    else
        error_set(err, ERROR_REFUSED, "table %s has no unique index on exactly (%s)", table->shown,
                  names_text(arena, names));
    return error_hint(
        err, "key = { … }: the columns of a unique index that is valid, not deferrable, not "
             "partial, and all NOT NULL");
}

static bool choose_key(DbConn *conn, Arena *arena, const DataNames *names, DataTable *table,
                       Error *err)
{
    KeyIndex *indexes;
    size_t count;
    const KeyIndex *chosen = NULL;
    const KeyIndex *refused = NULL;
    if (!get_indexes(conn, arena, table, &indexes, &count, err))
        return false;
    for (size_t i = 0; i < count && chosen == NULL; i++) {
        if (!index_meant(&indexes[i], names))
            continue;
        if (indexes[i].refused == NULL)
            chosen = &indexes[i];
        else if (refused == NULL)
            refused = &indexes[i];
    }
    if (chosen == NULL)
        return no_key(arena, table, names, refused, err);
    table->key_index = chosen->name;
    table->key_count = chosen->count;
    table->key = arena_alloc(arena, chosen->count * sizeof(*table->key));
    for (size_t i = 0; i < chosen->count; i++) {
        DataColumn *column = data_table_column(table, chosen->columns[i]);
        invariant(column != NULL);
        column->key = true;
        table->key[i] = column;
    }
    return true;
}

/* ---------------------------------------------------------------- triggers */

static bool get_triggers(DbConn *conn, Arena *arena, DataTable *table, Error *err)
{
    AUTO(db_result_auto) DbResult *rows = NULL;
    OidText oid = oid_text(table);
    if (!db_query(conn, db_sql("data_triggers"), DB_PARAMS(oid.digits), &rows, err))
        return false;
    table->triggers_count = (size_t)db_rows(rows);
    table->triggers = arena_alloc(arena, (table->triggers_count + 1) * sizeof(DataTrigger));
    for (int i = 0; i < db_rows(rows); i++) {
        DataTrigger *trigger = &table->triggers[i];
        char **columns;
        if (!db_array_parse(arena, db_value(rows, i, 3), &columns, &trigger->columns_count, err))
            return false;
        trigger->name = arena_strdup(arena, db_value(rows, i, 0));
        trigger->before = db_bool(rows, i, 1);
        trigger->row = db_bool(rows, i, 2);
        trigger->columns = (const char *const *)columns;
    }
    return true;
}

static bool trigger_fires(const DataTrigger *trigger, const DataColumn *const *columns,
                          size_t count)
{
    DataNames only = {.items = trigger->columns, .count = trigger->columns_count};
    for (size_t i = 0; i < count; i++) {
        if (data_names_have(&only, columns[i]->name))
            return true;
    }
    return trigger->columns_count == 0;
}

bool data_table_rewrites(const DataTable *table, const DataColumn *const *columns, size_t count)
{
    for (size_t i = 0; i < table->triggers_count; i++) {
        const DataTrigger *trigger = &table->triggers[i];
        if (trigger->before && trigger->row && trigger_fires(trigger, columns, count))
            return true;
    }
    return false;
}

bool data_table_get(DbConn *conn, Arena *arena, const DataTableOptions *options,
                    DataTable *ret_table, Error *err)
{
    DataTable table = {.inserts = options->inserts};
    if (!get_table(conn, arena, options, &table, err) ||
        !get_columns(conn, arena, &options->keep, &table, err) ||
        !check_names(&table, &options->keep, "keep", err) ||
        !check_names(&table, &options->key, "key", err) ||
        !choose_key(conn, arena, &options->key, &table, err) ||
        !get_triggers(conn, arena, &table, err))
        return false;
    *ret_table = table;
    return true;
}
