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

static DataNames names_of(const json_t *list, Arena *arena)
{
    const char **names = arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*names));
    for (size_t i = 0; i < json_array_size(list); i++)
        names[i] = json_string_value(json_array_get(list, i));
    return (DataNames){names, json_array_size(list)};
}

DataImport *data_spec_files(const json_t *keys, Arena *arena)
{
    const char *format = json_get_string(keys, "format", NULL);
    DataImport *import = arena_alloc(arena, sizeof(*import));
    *import = (DataImport){
        .store = json_get_string(keys, "data", NULL),
        .from = names_of(json_object_get(keys, "from"), arena),
        .format = format == NULL ? FORMATS : data_format_named(format),
    };
    return import;
}

void data_spec_beside(const PlanNode *node, const json_t *keys, Arena *arena, DataSpec *ret_spec)
{
    *ret_spec = (DataSpec){.step = node->path,
                           .table = json_get_string(keys, "table", ""),
                           .columns = names_of(json_object_get(keys, "columns"), arena),
                           .import = data_spec_files(keys, arena),
                           .at = node->at};
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
        spec.import = data_spec_files(node->keys, arena);
    if (spec.batch_us <= 0)
        spec.batch_us = (int64_t)BOUND_BATCH_TARGET_MS * 1000;
    spec.load_us = spec.batch_us;
    if (spec.import != NULL && spec.batch_us > (int64_t)BOUND_BATCH_TARGET_MS * 1000)
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
