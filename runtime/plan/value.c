/* One check for each type of key: takes the value of the graph, gives the form that nodes keep. */
#include "plan/value.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/suggest.h"
#include "plan/hours.h"
#include "plan/param.h"
#include "plan/threshold.h"
#include "plan/traffic.h"

#include <math.h>
#include <string.h>

/* One value on its way: its key and where it stands. */
typedef struct Here {
    const ValuePlace *place;
    const PlanKey *key;
    const char *field; /* dotted name */
    PlanPosition at;
} Here;

typedef bool Check(const Here *here, const json_t *value, json_t **ret_value, Error *err);

/* jansson's iterators and copies read only, but ask for a json_t * that is not const */
static json_t *loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

static bool read_position(const json_t *positions, const char *key, PlanPosition *ret_at)
{
    const json_t *pair = json_object_get(positions, key);
    int line = (int)json_integer_value(json_array_get(pair, 0));
    if (line <= 0)
        return false;
    ret_at->line = line;
    ret_at->column = (int)json_integer_value(json_array_get(pair, 1));
    return true;
}

PlanPosition plan_value_position(const ValuePlace *place, const char *key)
{
    PlanPosition at = place->at;
    char *dotted = arena_printf(place->arena, "%s%s", place->prefix, key);
    char *dot = dotted;
    /* nothing known of the inner key: the tables that it stands in */
    while (!read_position(place->positions, dotted, &at) && (dot = strrchr(dotted, '.')) != NULL)
        *dot = '\0';
    return at;
}

static bool wrong_type(const Here *here, const json_t *value, Error *err)
{
    return plan_error_at(err, here->at, "%s: field \"%s\" must be %s%s, got %s", here->place->label,
                         here->field, plan_key_type_text(here->key->type),
                         plan_key_or_table(here->key) ? ", or a table" : "",
                         plan_value_kind(value));
}

static bool wrong(const Here *here, Error *err, const char *what)
{
    return plan_error_at(err, here->at, "%s: field \"%s\" %s", here->place->label, here->field,
                         what);
}

static bool keep(const json_t *value, json_t **ret_value)
{
    *ret_value = json_deep_copy(value);
    return true;
}

static bool check_text(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_string(value))
        return wrong_type(here, value, err);
    if (plan_value_blank(json_string_value(value)))
        return wrong(here, err, "is empty");
    return keep(value, ret_value);
}

static bool check_sql(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    const char *tag = plan_value_tag(value);
    bool tagged =
        tag != NULL && strcmp(tag, "sql") == 0 && json_is_string(json_object_get(value, "text"));
    if (!tagged && !json_is_string(value))
        return wrong_type(here, value, err);
    const char *text = tagged ? json_get_string(value, "text", "") : json_string_value(value);
    /* an empty up is a mark in the run's history; every other SQL must say something */
    if (plan_value_blank(text) && strcmp(here->field, "up") != 0)
        return wrong(here, err, "is empty SQL");
    if (tagged)
        return keep(value, ret_value);
    *ret_value = json_object();
    json_set_string(*ret_value, "$", "sql");
    json_set_string(*ret_value, "text", text);
    json_set_string(*ret_value, "file", here->at.file);
    json_set_int(*ret_value, "line", here->at.line);
    return true;
}

static bool check_duration(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_string(value))
        return wrong_type(here, value, err);
    int64_t us;
    Error why;
    if (!duration_parse(json_string_value(value), &us, &why))
        return wrong(here, err, arena_printf(here->place->arena, "is wrong: %s", why.message));
    return keep(value, ret_value);
}

static bool check_clock(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    return plan_hours_is_clock(json_string_value(value)) ? keep(value, ret_value)
                                                         : wrong_type(here, value, err);
}

static bool check_zone(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    return plan_hours_is_zone(json_string_value(value)) ? keep(value, ret_value)
                                                        : wrong_type(here, value, err);
}

static bool check_days(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    *ret_value = plan_hours_days(value);
    return *ret_value != NULL || wrong_type(here, value, err);
}

static bool check_number(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_number(value))
        return wrong_type(here, value, err);
    return keep(value, ret_value);
}

static bool check_percent(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_number(value))
        return wrong_type(here, value, err);
    double percent = json_number_value(value);
    if (!(percent > 0 && percent <= 100))
        return wrong(here, err,
                     arena_printf(here->place->arena, "must be above 0 and at most 100, got %.15g",
                                  percent));
    return keep(value, ret_value);
}

static bool is_whole(const json_t *value)
{
    return json_is_integer(value) || (json_is_real(value) && fabs(json_real_value(value)) < 9e15 &&
                                      !(json_real_value(value) < trunc(json_real_value(value))) &&
                                      !(json_real_value(value) > trunc(json_real_value(value))));
}

static bool check_whole(const Here *here, const json_t *value, json_int_t least, json_int_t most,
                        json_t **ret_value, Error *err)
{
    if (!is_whole(value))
        return wrong_type(here, value, err);
    json_int_t number =
        json_is_integer(value) ? json_integer_value(value) : (json_int_t)json_real_value(value);
    if (number < least || number > most)
        return wrong(here, err,
                     arena_printf(here->place->arena, "must be %s, got %lld",
                                  plan_key_type_text(here->key->type), (long long)number));
    *ret_value = json_integer(number);
    return true;
}

static bool check_count(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    return check_whole(here, value, 1, INT32_MAX, ret_value, err);
}

static bool check_zero(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    return check_whole(here, value, 0, 0, ret_value, err);
}

static bool check_workers(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (json_is_string(value) && strcmp(json_string_value(value), "auto") == 0)
        return keep(value, ret_value);
    return check_whole(here, value, 1, BOUND_WORKERS, ret_value, err);
}

static bool check_scalar(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_number(value) && !json_is_string(value) && !json_is_boolean(value))
        return wrong_type(here, value, err);
    return keep(value, ret_value);
}

static bool check_boolean(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_boolean(value))
        return wrong_type(here, value, err);
    return keep(value, ret_value);
}

static bool check_function(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!text_equal(plan_value_tag(value), "function"))
        return wrong_type(here, value, err);
    return keep(value, ret_value);
}

/* "a, b or c" of "a b c". */
static const char *choices_text(Arena *arena, const char *choices)
{
    const char *result = "";
    const char *at = choices;
    while (*at != '\0') {
        int length = (int)strcspn(at, " ");
        bool last = at[length] == '\0';
        const char *between = result[0] == '\0' ? "" : last ? " or " : ", ";
        result = arena_printf(arena, "%s%s\"%.*s\"", result, between, length, at);
        at += last ? length : length + 1;
    }
    return result;
}

static bool check_choice(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_string(value))
        return wrong_type(here, value, err);
    Arena *arena = here->place->arena;
    const char *text = json_string_value(value);
    Suggest suggest;
    suggest_init(&suggest, text);
    for (const char *at = here->key->choices; *at != '\0';) {
        size_t length = strcspn(at, " ");
        const char *choice = arena_strndup(arena, at, length);
        if (strcmp(choice, text) == 0)
            return keep(value, ret_value);
        suggest_offer(&suggest, choice);
        at += at[length] == '\0' ? length : length + 1;
    }
    const char *what = arena_printf(arena, "must be %s, got \"%s\"",
                                    choices_text(arena, here->key->choices), text);
    if (suggest.best != NULL)
        what = arena_printf(arena, "%s (did you mean %s?)", what, suggest.best);
    return wrong(here, err, what);
}

static bool too_long(const Here *here, Error *err)
{
    return wrong(here, err,
                 arena_printf(here->place->arena, "has more than %d items", BOUND_PLAN_LIST));
}

static bool check_strings(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    AUTO(json_auto) json_t *list = json_array();
    if (json_is_string(value))
        json_array_append(list, loose(value));
    else if (json_is_array(value))
        json_array_extend(list, loose(value));
    else
        return wrong_type(here, value, err);
    if (json_array_size(list) == 0)
        return wrong(here, err, "is an empty list");
    if (json_array_size(list) > BOUND_PLAN_LIST)
        return too_long(here, err);
    /* the supervisor reads plans too: thousands of lists must not cost it the square of each */
    AUTO(json_auto) json_t *seen = json_object();
    size_t index;
    json_t *item;
    json_array_foreach (list, index, item) {
        if (!json_is_string(item))
            return wrong_type(here, item, err);
        if (plan_value_blank(json_string_value(item)))
            return wrong(here, err, "holds an empty text");
        if (json_object_get(seen, json_string_value(item)) != NULL)
            return wrong(
                here, err,
                arena_printf(here->place->arena, "names \"%s\" twice", json_string_value(item)));
        json_object_set_new(seen, json_string_value(item), json_true());
    }
    return keep(list, ret_value);
}

static bool check_map(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_object(value) || plan_value_tag(value) != NULL)
        return wrong_type(here, value, err);
    if (json_object_size(value) == 0)
        return wrong(here, err, "is an empty map");
    const char *name;
    json_t *expression;
    json_object_foreach (loose(value), name, expression) {
        if (name[0] == '\0' || !json_is_string(expression) ||
            plan_value_blank(json_string_value(expression)))
            return wrong(here, err,
                         arena_printf(here->place->arena,
                                      "must give column \"%s\" an SQL expression as text", name));
    }
    return keep(value, ret_value);
}

static bool check_pairs(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_object(value) || plan_value_tag(value) != NULL || json_object_size(value) == 0)
        return wrong_type(here, value, err);
    const char *name;
    json_t *text;
    json_object_foreach (loose(value), name, text) {
        if (!json_is_string(text))
            return wrong(here, err,
                         arena_printf(here->place->arena, "must give \"%s\" a text", name));
    }
    return keep(value, ret_value);
}

/* Unlike in other lists an item may be empty, and may come twice. */
static bool check_values(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    bool texts = here->key->type == KEY_ARGV;
    size_t index;
    json_t *item;
    if (!json_is_array(value) || json_array_size(value) == 0)
        return wrong_type(here, value, err);
    if (json_array_size(value) > BOUND_PLAN_LIST)
        return too_long(here, err);
    json_array_foreach (loose(value), index, item) {
        bool scalar = json_is_number(item) || json_is_boolean(item);
        if (!json_is_string(item) && (texts || !scalar))
            return wrong_type(here, item, err);
    }
    return keep(value, ret_value);
}

static bool check_argv(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (json_is_array(value) && json_is_string(json_array_get(value, 0)) &&
        plan_value_blank(json_string_value(json_array_get(value, 0))))
        return wrong(here, err, "names no program");
    return check_values(here, value, ret_value, err);
}

static bool check_inside(const Here *here, const PlanKey *fields, const json_t *value,
                         const char *prefix, const char *label, json_t *ret_values, Error *err)
{
    ValuePlace inside = *here->place;
    inside.label = label;
    inside.prefix = prefix;
    inside.at = here->at;
    return plan_value_check_keys(&inside, fields, value, ret_values, err);
}

static bool check_count_of(const Here *here, const char *table, const json_t *rows,
                           json_t *ret_values, Error *err)
{
    Arena *arena = here->place->arena;
    bool table_name = json_is_string(rows) && !plan_value_blank(json_string_value(rows));
    if (json_is_object(rows)) {
        json_t *files = json_object();
        json_object_set_new(ret_values, table, files);
        return check_inside(
            here, here->key->fields, rows, arena_printf(arena, "%s.%s.", here->key->name, table),
            arena_printf(arena, "%s of table \"%s\"", here->key->name, table), files, err);
    }
    if (!table_name && (!json_is_integer(rows) || json_integer_value(rows) < 0))
        return wrong(here, err,
                     arena_printf(arena,
                                  "must give table \"%s\" a whole number of rows, another table, "
                                  "or { data = …, from = … }",
                                  table));
    json_object_set(ret_values, table, (json_t *)(uintptr_t)rows);
    return true;
}

static bool check_counts(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (json_is_string(value) || (json_is_array(value) && json_array_size(value) > 0))
        return check_strings(here, value, ret_value, err);
    if (!json_is_object(value) || plan_value_tag(value) != NULL)
        return wrong_type(here, value, err);
    AUTO(json_auto) json_t *values = json_object();
    const char *table;
    json_t *rows;
    json_object_foreach (loose(value), table, rows) {
        if (!check_count_of(here, table, rows, values, err))
            return false;
    }
    return keep(values, ret_value);
}

/* A table or a tagged value: its fields, checked. */
static bool check_fields(const Here *here, const PlanKey *fields, const json_t *value,
                         json_t **ret_value, Error *err)
{
    Arena *arena = here->place->arena;
    AUTO(json_auto) json_t *given = json_object();
    if (json_is_object(value))
        json_object_update(given, loose(value));
    const char *tag = json_get_string(given, "$", NULL);
    AUTO(json_auto) json_t *values = json_object();
    if (tag != NULL)
        json_set_string(values, "$", tag);
    json_object_del(given, "$");
    const char *prefix = arena_printf(arena, "%s%s.", here->place->prefix, here->key->name);
    const char *label = arena_printf(arena, "%s of %s", here->key->name, here->place->label);
    if (!check_inside(here, fields, given, prefix, label, values, err))
        return false;
    *ret_value = json_incref(values);
    return true;
}

static bool check_table(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    bool empty_list = json_is_array(value) && json_array_size(value) == 0;
    if (!empty_list && (!json_is_object(value) || plan_value_tag(value) != NULL))
        return wrong_type(here, value, err);
    return check_fields(here, here->key->fields, value, ret_value, err);
}

static bool check_checksums(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    return json_is_object(value) ? check_table(here, value, ret_value, err)
                                 : check_strings(here, value, ret_value, err);
}

static bool check_flag(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!text_equal(plan_value_tag(value), "sql_flag"))
        return wrong_type(here, value, err);
    return check_fields(here, plan_word_find("sql_flag")->keys, value, ret_value, err);
}

static bool check_traffic(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    Error why = {0};
    if (!text_equal(plan_value_tag(value), "haproxy"))
        return wrong_type(here, value, err);
    bool ok = check_fields(here, plan_word_find("haproxy")->keys, value, ret_value, err);
    if (!ok || plan_traffic_check(*ret_value, &why))
        return ok;
    json_decref(*ret_value);
    return wrong(here, err, why.message);
}

static bool check_sync(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (json_is_string(value) && strcmp(json_string_value(value), "application") == 0)
        return keep(value, ret_value);
    if (!text_equal(plan_value_tag(value), "trigger"))
        return wrong_type(here, value, err);
    json_t *sql = NULL;
    if (!check_sql(here, json_object_get(value, "sql"), &sql, err))
        return false;
    *ret_value = json_object();
    json_set_string(*ret_value, "$", "trigger");
    json_object_set_new(*ret_value, "sql", sql);
    return true;
}

static bool check_guards(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    AUTO(json_auto) json_t *list = json_array();
    if (json_is_array(value))
        json_array_extend(list, loose(value));
    else
        json_array_append(list, loose(value));
    if (json_array_size(list) > BOUND_PLAN_LIST)
        return too_long(here, err);
    size_t index;
    json_t *guard;
    json_array_foreach (list, index, guard) {
        Threshold threshold;
        if (text_equal(plan_value_tag(guard), "thresholds"))
            continue;
        if (!json_is_string(guard))
            return wrong_type(here, guard, err);
        if (!threshold_parse(here->place->arena, json_string_value(guard), NULL, here->at,
                             &threshold, err))
            return false;
    }
    return keep(list, ret_value);
}

static bool check_params(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    bool empty_list = json_is_array(value) && json_array_size(value) == 0;
    if (!empty_list && (!json_is_object(value) || plan_value_tag(value) != NULL))
        return wrong_type(here, value, err);
    Arena *arena = here->place->arena;
    if (json_object_size(value) > BOUND_PLAN_PARAMS)
        return wrong(here, err,
                     arena_printf(arena, "has more than %d parameters", BOUND_PLAN_PARAMS));
    AUTO(json_auto) json_t *params = json_object();
    const char *name;
    json_t *fields;
    json_object_foreach (loose(value), name, fields) {
        bool asked = strcmp(here->key->name, "fields") == 0;
        const char *label = arena_printf(arena, "%s \"%s\"", asked ? "field" : "parameter", name);
        const char *prefix = arena_printf(arena, "%s.%s.", here->field, name);
        if (!json_is_object(fields) && !(json_is_array(fields) && json_array_size(fields) == 0))
            return wrong(here, err, arena_printf(arena, "must give %s a table", label));
        json_t *param = json_object();
        json_object_set_new(params, name, param);
        if (!check_inside(here, here->key->fields, fields, prefix, label, param, err))
            return false;
        plan_value_defaults(here->key->fields, param);
        ValuePlace inside = *here->place;
        inside.label = label;
        inside.prefix = prefix;
        inside.at = here->at;
        if (!plan_param_check(&inside, name, param, err))
            return false;
    }
    *ret_value = json_incref(params);
    return true;
}

static bool check_document(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    return text_equal(plan_value_tag(value), "sql") ? keep(value, ret_value)
                                                    : wrong_type(here, value, err);
}

static bool check_guard_ticks(const Here *here, const json_t *value, json_t **ret_value, Error *err)
{
    if (!json_is_object(value) || plan_value_tag(value) != NULL)
        return check_strings(here, value, ret_value, err);
    AUTO(json_auto) json_t *map = json_object();
    const char *metric;
    json_t *texts;
    json_object_foreach (loose(value), metric, texts) {
        json_t *list = NULL;
        if (!check_strings(here, texts, &list, err))
            return false;
        json_object_set_new(map, metric, list);
    }
    *ret_value = json_incref(map);
    return true;
}

static Check *const CHECKS[KEY_TYPES] = {
    [KEY_DOCUMENT] = check_document,
    [KEY_TICKS] = check_strings,
    [KEY_GUARD_TICKS] = check_guard_ticks,
    [KEY_TEXT] = check_text,
    [KEY_SQL] = check_sql,
    [KEY_DURATION] = check_duration,
    [KEY_CLOCK] = check_clock,
    [KEY_ZONE] = check_zone,
    [KEY_DAYS] = check_days,
    [KEY_PERCENT] = check_percent,
    [KEY_NUMBER] = check_number,
    [KEY_COUNT] = check_count,
    [KEY_ZERO] = check_zero,
    [KEY_SCALAR] = check_scalar,
    [KEY_BOOLEAN] = check_boolean,
    [KEY_CHOICE] = check_choice,
    [KEY_STRINGS] = check_strings,
    [KEY_COLUMNS] = check_strings,
    [KEY_EVIDENCE] = check_strings,
    [KEY_COUNTS] = check_counts,
    [KEY_CHECKSUMS] = check_checksums,
    [KEY_MAP] = check_map,
    [KEY_FUNCTION] = check_function,
    [KEY_FLAG] = check_flag,
    [KEY_TRAFFIC] = check_traffic,
    [KEY_SYNC] = check_sync,
    [KEY_GUARDS] = check_guards,
    [KEY_WORKERS] = check_workers,
    [KEY_TABLE] = check_table,
    [KEY_PARAMS] = check_params,
    [KEY_PAIRS] = check_pairs,
    [KEY_ARGV] = check_argv,
    [KEY_VALUES] = check_values,
};

bool plan_value_check_keys(const ValuePlace *place, const PlanKey *keys, const json_t *given,
                           json_t *ret_values, Error *err)
{
    if (!plan_value_known(place, keys, given, err))
        return false;
    for (const PlanKey *key = keys; key != NULL && key->name != NULL; key++) {
        const json_t *value = json_object_get(given, key->name);
        if (value == NULL || json_is_null(value)) {
            if (!key->required)
                continue;
            return plan_error_at(err, place->at, "%s needs the field \"%s\" (%s)", place->label,
                                 key->name, plan_key_type_text(key->type));
        }
        Here here = {place, key, arena_printf(place->arena, "%s%s", place->prefix, key->name),
                     plan_value_position(place, key->name)};
        json_t *checked = NULL;
        bool table = plan_key_or_table(key) && plan_value_is_table(value);
        if (!CHECKS[table ? KEY_TABLE : key->type](&here, value, &checked, err))
            return false;
        json_object_set_new(ret_values, key->name, checked);
    }
    return true;
}
