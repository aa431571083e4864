/* Parameters: declarations and values. The table of types is where a new type goes. */
#include "plan/param.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/suggest.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 4096, LIST_MAX_BYTES = 4096 };

/* Gives value in the type's own form, or NULL. Texts are what somebody typed. */
typedef json_t *Convert(const json_t *param, const json_t *value);

static json_t *as_text(const json_t *param, const json_t *value)
{
    UNUSED(param);
    bool fits = json_is_string(value) && json_string_length(value) <= TEXT_MAX_BYTES;
    return fits ? json_string(json_string_value(value)) : NULL;
}

static json_t *as_integer(const json_t *param, const json_t *value)
{
    UNUSED(param);
    if (json_is_integer(value))
        return json_integer(json_integer_value(value));
    const char *text = json_string_value(value);
    if (text == NULL || (text[0] != '-' && (text[0] < '0' || text[0] > '9')))
        return NULL;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' ? json_integer(number) : NULL;
}

/* A number without a fraction is an integer, as in Lua. */
static json_t *as_number(const json_t *param, const json_t *value)
{
    json_t *whole = as_integer(param, value);
    if (whole != NULL)
        return whole;
    const char *text = json_string_value(value);
    char *end = NULL;
    double number = text == NULL ? json_real_value(value) : strtod(text, &end);
    bool read = text == NULL ? json_is_real(value) : end != text && *end == '\0';
    return read && isfinite(number) ? json_real(number) : NULL;
}

static json_t *as_boolean(const json_t *param, const json_t *value)
{
    UNUSED(param);
    const char *text = json_string_value(value);
    if (json_is_true(value) || text_equal(text, "true"))
        return json_true();
    return json_is_false(value) || text_equal(text, "false") ? json_false() : NULL;
}

static json_t *as_choice(const json_t *param, const json_t *value)
{
    size_t i;
    json_t *choice;
    json_array_foreach (json_object_get(param, "choices"), i, choice) {
        if (json_equal(choice, value))
            return json_incref(choice);
    }
    return NULL;
}

static json_t *as_duration(const json_t *param, const json_t *value)
{
    UNUSED(param);
    int64_t us = 0;
    bool fits = json_is_string(value) && duration_parse(json_string_value(value), &us, NULL);
    return fits ? json_string(json_string_value(value)) : NULL;
}

static const struct ParamType {
    const char *name;
    const char *text; /* for messages */
    Convert *convert;
} TYPES[] = {
    {"text", "a text of at most 4,096 bytes", as_text},
    {"integer", "a whole number", as_integer},
    {"number", "a number", as_number},
    {"boolean", "true or false", as_boolean},
    {"choice", "one of its choices", as_choice},
    {"duration", "a duration like \"24h\"", as_duration},
};

static const struct ParamType *type_of(const json_t *param)
{
    const char *name = json_get_string(param, "type", "text");
    for (size_t i = 0; i < COUNT_OF(TYPES); i++) {
        if (strcmp(TYPES[i].name, name) == 0)
            return &TYPES[i];
    }
    return &TYPES[0]; /* the words table has checked it */
}

char *plan_param_shown(const json_t *value)
{
    return json_is_string(value) ? base_strdup(json_string_value(value)) : json_text(value);
}

/* ---- declarations ---- */

/* A name is one that `params.name` can say. */
static bool is_name(const char *name)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t length = strspn(name, LETTERS);
    bool digit_first = name[0] >= '0' && name[0] <= '9';
    return length > 0 && length <= 63 && name[length] == '\0' && !digit_first;
}

bool plan_param_check(const ValuePlace *place, const char *name, const json_t *fields, Error *err)
{
    const struct ParamType *type = type_of(fields);
    const json_t *fallback = json_object_get(fields, "default");
    bool is_choice = type->convert == as_choice;
    bool has_choices = json_object_get(fields, "choices") != NULL;
    if (!is_name(name))
        return plan_error_at(err, plan_value_position(place, "type"),
                             "%s: a name is letters, digits and _, at most 63, and no digit first",
                             place->label);
    if (is_choice != has_choices)
        return plan_error_at(err, plan_value_position(place, has_choices ? "choices" : "type"),
                             "%s: choices and type = \"choice\" belong together", place->label);
    if (fallback == NULL)
        return true;
    if (json_get_bool(fields, "required", false))
        return plan_error_at(err, plan_value_position(place, "required"),
                             "%s has a default, so it is not required", place->label);
    AUTO(json_auto) json_t *value = type->convert(fields, fallback);
    bool same = value != NULL && json_typeof(value) == json_typeof(fallback);
    return same || plan_error_at(err, plan_value_position(place, "default"),
                                 "%s: its default must be %s, got %s", place->label, type->text,
                                 plan_value_kind(fallback));
}

/* ---- values ---- */

static const json_t *declared(const Plan *plan)
{
    return json_object_get(plan->root->keys, "params");
}

bool plan_param_known(const Plan *plan, const char *name)
{
    return json_object_get(declared(plan), name) != NULL;
}

static PlanPosition place_of(const PlanNode *node, const char *key, const char *name)
{
    AUTO(base_free) char *dotted = base_printf("%s.%s", key, name);
    const json_t *known = json_object_get(node->positions, dotted);
    return plan_key_position(node, known != NULL ? dotted : key);
}

static PlanPosition position_of(const Plan *plan, const char *name)
{
    return place_of(plan->root, "params", name);
}

static bool unknown(const Plan *plan, const char *name, Error *err)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    AUTO(text_done) Text names;
    text_init(&names, LIST_MAX_BYTES);
    const char *other;
    json_t *param;
    json_object_foreach ((json_t *)(uintptr_t)declared(plan), other, param) {
        suggest_offer(&suggest, other);
        text_printf(&names, "%s%s", text_string(&names)[0] == '\0' ? "" : ", ", other);
    }
    const char *list = text_string(&names);
    PlanPosition at = plan_key_position(plan->root, "params");
    if (suggest.best != NULL)
        return plan_error_at(err, at, "plan \"%s\" has no parameter \"%s\" (did you mean %s?)",
                             plan->root->name, name, suggest.best);
    return plan_error_at(err, at, "plan \"%s\" has no parameter \"%s\" (%s%.400s)",
                         plan->root->name, name, list[0] == '\0' ? "it has none" : "it has ", list);
}

static bool check_known(const Plan *plan, const json_t *given, Error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)given, name, value) {
        if (!plan_param_known(plan, name))
            return unknown(plan, name, err);
    }
    return true;
}

static bool wrong_choice(const Plan *plan, const char *name, const json_t *param,
                         const json_t *value, Error *err)
{
    AUTO(base_free) char *shown = plan_param_shown(value);
    AUTO(text_done) Text list;
    Suggest suggest;
    suggest_init(&suggest, shown);
    text_init(&list, LIST_MAX_BYTES);
    size_t i;
    json_t *choice;
    json_array_foreach (json_object_get(param, "choices"), i, choice) {
        suggest_offer(&suggest, json_string_value(choice));
        text_printf(&list, "%s%s", i == 0 ? "" : ", ", json_string_value(choice));
    }
    return plan_error_at(err, position_of(plan, name),
                         "parameter \"%s\" must be one of %.300s, got \"%.100s\"%s%s%s", name,
                         text_string(&list), shown, suggest.best == NULL ? "" : " (did you mean ",
                         suggest.best == NULL ? "" : suggest.best,
                         suggest.best == NULL ? "" : "?)");
}

static bool wrong_value(const Plan *plan, const char *name, const json_t *param,
                        const json_t *value, Error *err)
{
    if (json_object_get(param, "choices") != NULL)
        return wrong_choice(plan, name, param, value, err);
    AUTO(base_free) char *shown = plan_param_shown(value);
    return plan_error_at(err, position_of(plan, name),
                         "parameter \"%s\" must be %s, got \"%.100s\"", name, type_of(param)->text,
                         shown);
}

static bool missing(const Plan *plan, const char *name, const json_t *param, Error *err)
{
    const char *doc = json_get_string(param, "doc", NULL);
    plan_error_at(err, position_of(plan, name), "parameter \"%s\" is required%s%.400s", name,
                  doc == NULL ? "" : ": ", doc == NULL ? "" : doc);
    return error_hint(err, "give it a value: --param %s=…", name);
}

/* Without a default a parameter is required, unless it says that it is not. */
static bool is_required(const json_t *param)
{
    return json_get_bool(param, "required", json_object_get(param, "default") == NULL);
}

static bool resolve_one(const Plan *plan, const char *name, const json_t *param,
                        const json_t *given, json_t *values, Error *err)
{
    const json_t *value = json_object_get(given, name);
    if (value == NULL || json_is_null(value))
        value = json_object_get(param, "default");
    if (value == NULL)
        return !is_required(param) || missing(plan, name, param, err);
    json_t *converted = type_of(param)->convert(param, value);
    if (converted == NULL)
        return wrong_value(plan, name, param, value, err);
    json_object_set_new(values, name, converted);
    return true;
}

bool plan_param_resolve(const Plan *plan, const json_t *given, json_t **ret_values, Error *err)
{
    AUTO(json_auto) json_t *values = json_object();
    AUTO(json_auto) json_t *list = plan_param_list(plan);
    size_t i;
    json_t *item;
    if (!check_known(plan, given, err))
        return false;
    json_array_foreach (list, i, item) {
        const char *name = json_get_string(item, "name", "");
        if (!resolve_one(plan, name, json_object_get(declared(plan), name), given, values, err))
            return false;
    }
    *ret_values = json_incref(values);
    return true;
}

/* ---- for people ---- */

typedef struct Listed {
    const char *name;
    PlanPosition at;
} Listed;

static int by_place(const void *a, const void *b)
{
    const Listed *first = a;
    const Listed *second = b;
    int by_line = first->at.line - second->at.line;
    int by_column = first->at.column - second->at.column;
    return by_line != 0 ? by_line : by_column != 0 ? by_column : strcmp(first->name, second->name);
}

static json_t *list_item(const char *name, const json_t *param)
{
    json_t *item = json_object();
    const char *doc = json_get_string(param, "doc", NULL);
    json_t *fallback = json_object_get(param, "default");
    json_t *choices = json_object_get(param, "choices");
    json_set_string(item, "name", name);
    json_set_string(item, "type", type_of(param)->name);
    json_set_string(item, "doc", doc);
    json_object_set_new(item, "required", json_boolean(is_required(param)));
    json_object_set(item, "default", fallback == NULL ? json_null() : fallback);
    json_object_set(item, "choices", choices == NULL ? json_null() : choices);
    return item;
}

json_t *plan_param_items(const PlanNode *node, const char *key)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    json_t *params = json_object_get(node->keys, key);
    Listed *listed = arena_alloc(arena, (json_object_size(params) + 1) * sizeof(*listed));
    size_t count = 0;
    const char *name;
    json_t *param;
    json_t *list = json_array();
    json_object_foreach (params, name, param)
        listed[count++] = (Listed){name, place_of(node, key, name)};
    qsort(listed, count, sizeof(*listed), by_place);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list,
                              list_item(listed[i].name, json_object_get(params, listed[i].name)));
    return list;
}

json_t *plan_param_list(const Plan *plan)
{
    return plan_param_items(plan->root, "params");
}

/* ---- answers ---- */

static bool answer_one(const json_t *item, const json_t *given, json_t *values, Error *err)
{
    const char *name = json_get_string(item, "name", "");
    const json_t *value = json_object_get(given, name);
    if (value == NULL || json_is_null(value) || text_equal(json_string_value(value), ""))
        value = json_object_get(item, "default");
    if (value == NULL || json_is_null(value))
        return !json_get_bool(item, "required", false) ||
               error_set(err, ERROR_INPUT, "\"%s\" is not answered", name);
    json_t *converted = type_of(item)->convert(item, value);
    if (converted == NULL)
        return error_set(err, ERROR_INPUT, "\"%s\" must be %s", name, type_of(item)->text);
    json_object_set_new(values, name, converted);
    return true;
}

static bool is_listed(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)(uintptr_t)list, i, item) {
        if (text_equal(json_get_string(item, "name", ""), name))
            return true;
    }
    return false;
}

bool plan_param_answers(const json_t *list, const json_t *given, json_t **ret_values, Error *err)
{
    AUTO(json_auto) json_t *values = json_object();
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)given, name, value) {
        if (!is_listed(list, name))
            return error_set(err, ERROR_INPUT, "\"%.100s\" is not asked here", name);
    }
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)(uintptr_t)list, i, item) {
        if (!answer_one(item, given, values, err))
            return false;
    }
    *ret_values = json_incref(values);
    return true;
}
