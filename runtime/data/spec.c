/* From a plan's node to a DataSpec. */
#include "data/spec.h"

#include "base/bounds.h"
#include "sql/expression.h"

#include <string.h>

bool data_names_have(const DataNames *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0)
            return true;
    }
    return false;
}

static DataNames read_names(const PlanNode *node, const char *key, Arena *arena)
{
    DataNames names;
    names.items = plan_strings(node, key, arena, &names.count);
    return names;
}

static void read_set(const PlanNode *node, Arena *arena, DataSpec *spec)
{
    json_t *map = json_object_get(node->keys, "set");
    DataSet *set = arena_alloc(arena, (json_object_size(map) + 1) * sizeof(DataSet));
    const char *column;
    json_t *expression;
    json_object_foreach (map, column, expression) {
        set[spec->set_count++] =
            (DataSet){.column = column, .expression = json_string_value(expression)};
    }
    spec->set = set;
}

static DataImport *read_import(const PlanNode *node, Arena *arena)
{
    const char *format = plan_text(node, "format");
    DataImport *import = arena_alloc(arena, sizeof(*import));
    *import = (DataImport){
        .store = plan_text(node, "data"),
        .from = read_names(node, "from", arena),
        .format = format == NULL ? FORMATS : data_format_named(format),
    };
    return import;
}

/* A whole number; 0 when it is "auto", or absent and without a default in the words table. */
static int read_count(const PlanNode *node, const char *key)
{
    return (int)json_get_int(node->keys, key, 0);
}

static bool check_expression(const PlanNode *node, const char *key, const char *text, Error *err)
{
    Error why = {0};
    if (text == NULL || sql_check_expression(text, &why))
        return true;
    return plan_error_at(err, plan_key_position(node, key), "%s: %s", key, why.message);
}

bool data_spec_read(const PlanNode *node, Arena *arena, DataSpec *ret_spec, Error *err)
{
    DataSpec spec = {
        .step = node->path,
        .table = plan_table(node, arena),
        .key = read_names(node, "key", arena),
        .where = plan_text(node, "where"),
        .map = plan_has_function(node, "map"),
        .columns = read_names(node, "columns", arena),
        .keep = read_names(node, "keep", arena),
        .batch_rows = read_count(node, "batch"),
        .batch_us = plan_duration_us(node, "batch_time"),
        .pause_us = plan_duration_us(node, "pause"),
        .workers = read_count(node, "workers"),
        .fail_on_error = text_equal(plan_text(node, "on_error"), "fail"),
        .sync_up = plan_sql(node, "sync"),
        .at = node->at,
    };
    read_set(node, arena, &spec);
    if (node->kind == PLAN_IMPORT)
        spec.import = read_import(node, arena);
    if (spec.batch_us <= 0)
        spec.batch_us = (int64_t)BOUND_BATCH_TARGET_MS * 1000;
    if (spec.pause_us < 0)
        spec.pause_us = 0;
    for (size_t i = 0; i < spec.set_count; i++) {
        if (data_names_have(&spec.keep, spec.set[i].column))
            return plan_error_at(err, plan_key_position(node, "set"),
                                 "\"%s\" stands in keep and in set", spec.set[i].column);
        if (!check_expression(node, "set", spec.set[i].expression, err))
            return false;
    }
    if (!check_expression(node, "where", spec.where, err))
        return false;
    *ret_spec = spec;
    return true;
}
