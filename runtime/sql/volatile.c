/* Two lists of names, and who looks for them in a tree. */
#include "sql/volatile.h"

#include "sql/tree.h"

#include <string.h>

/* One value a statement, whatever the row. */
static const char *const STEADY[] = {
    "now",
    "transaction_timestamp",
    "statement_timestamp",
    "current_setting",
    "current_schema",
    "current_database",
    "current_schemas",
    "to_char",
    "to_timestamp",
    "to_date",
    "to_number",
    "make_date",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "make_interval",
    "date_trunc",
    "date_part",
    "extract",
    "timezone",
    "age",
    "justify_days",
    "justify_hours",
    "lower",
    "upper",
    "initcap",
    "concat",
    "concat_ws",
    "format",
    "length",
    "char_length",
    "substring",
    "substr",
    "replace",
    "regexp_replace",
    "trim",
    "btrim",
    "ltrim",
    "rtrim",
    "lpad",
    "rpad",
    "left",
    "right",
    "repeat",
    "reverse",
    "md5",
    "sha256",
    "sha512",
    "encode",
    "decode",
    "convert_to",
    "convert_from",
    "abs",
    "ceil",
    "ceiling",
    "floor",
    "round",
    "trunc",
    "sign",
    "sqrt",
    "power",
    "mod",
    "pi",
    "array_fill",
    "array_append",
    "array_cat",
    "string_to_array",
    "to_json",
    "to_jsonb",
    "json_build_object",
    "jsonb_build_object",
    "json_build_array",
    "jsonb_build_array",
    "jsonb_object",
    "json_object",
    "to_tsvector",
    "to_tsquery",
    "setweight",
    "int4range",
    "int8range",
    "numrange",
    "daterange",
    "tsrange",
    "tstzrange",
    "inet_merge",
    "pg_backend_pid",
    "txid_current",
    "pg_current_xact_id",
    "uuid_nil",
    "uuid_ns_dns",
    "uuid_ns_url",
};

/* What PostgreSQL marks STABLE or VOLATILE, among what people put into indexes. to_tsvector with a
 * configuration, and date_trunc and timezone of other types, are IMMUTABLE, so those are not here.
 */
static const char *const MOVING[] = {
    "now",
    "transaction_timestamp",
    "statement_timestamp",
    "clock_timestamp",
    "timeofday",
    "random",
    "setseed",
    "gen_random_uuid",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "nextval",
    "currval",
    "lastval",
    "setval",
    "current_setting",
    "set_config",
    "current_schema",
    "current_database",
    "to_char",
    "to_timestamp",
    "to_date",
    "to_json",
    "to_jsonb",
    "concat",
    "concat_ws",
    "format",
    "json_build_object",
    "jsonb_build_object",
    "json_build_array",
    "jsonb_build_array",
    "age",
    "pg_backend_pid",
    "txid_current",
    "has_table_privilege",
};

typedef struct Walk {
    const SqlObjects *made;
    const char *found;
} Walk;

static bool listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static const char *name_of(const json_t *call)
{
    return sql_tree_last(json_object_get(call, "funcname"));
}

/* to_char and age of two arguments, and to_timestamp of one, differ; the ones with one reading are
 * enough. */
static bool harmless_form(const json_t *call)
{
    const char *name = name_of(call);
    size_t count = json_array_size(json_object_get(call, "args"));
    return (strcmp(name, "to_timestamp") == 0 && count == 1) ||
           (strcmp(name, "age") == 0 && count == 2);
}

static bool moves(const Walk *walk, const json_t *call)
{
    SqlObject function = {.kind = SQL_OBJECT_FUNCTION, .name = name_of(call)};
    const SqlObject *made = walk->made == NULL ? NULL : sql_objects_find(walk->made, &function);
    if (made != NULL)
        return !made->immutable;
    return listed(MOVING, COUNT_OF(MOVING), function.name) && !harmless_form(call);
}

static void see_moving(const char *key, const json_t *child, void *ctx)
{
    Walk *walk = ctx;
    if (strcmp(key, "SQLValueFunction") == 0)
        walk->found = "CURRENT_...";
    else if (strcmp(key, "FuncCall") == 0 && moves(walk, child))
        walk->found = name_of(child);
}

const char *sql_volatile_index(const json_t *expression, const SqlObjects *made)
{
    Walk walk = {.made = made};
    sql_tree_nodes(expression, see_moving, &walk);
    return walk.found;
}

static void see_unsteady(const char *key, const json_t *child, void *ctx)
{
    bool *found = ctx;
    if (strcmp(key, "FuncCall") == 0 && !listed(STEADY, COUNT_OF(STEADY), name_of(child)))
        *found = true;
}

bool sql_volatile_default(const json_t *expression)
{
    bool found = false;
    sql_tree_nodes(expression, see_unsteady, &found);
    return found;
}
