/* What a value of the graph is, for checks and for messages. */
#include "plan/value.h"

#include <string.h>

const char *plan_value_tag(const json_t *value)
{
    return json_is_object(value) ? json_get_string(value, "$", NULL) : NULL;
}

bool plan_value_is_table(const json_t *value)
{
    return plan_value_tag(value) == NULL && (json_is_object(value) || json_is_array(value));
}

bool plan_value_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t\r\n")] == '\0';
}

const char *plan_value_kind(const json_t *value)
{
    static const struct {
        const char *tag;
        const char *name;
    } TAGS[] = {
        {"sql", "SQL"},         {"function", "function"},     {"sql_flag", "sql_flag"},
        {"trigger", "trigger"}, {"thresholds", "thresholds"}, {"haproxy", "haproxy"},
    };
    const char *tag = plan_value_tag(value);
    for (size_t i = 0; tag != NULL && i < COUNT_OF(TAGS); i++) {
        if (strcmp(TAGS[i].tag, tag) == 0)
            return TAGS[i].name;
    }
    if (json_is_string(value))
        return "text";
    if (json_is_number(value))
        return "number";
    if (json_is_boolean(value))
        return "boolean";
    if (json_is_array(value))
        return "list";
    return json_is_object(value) ? "table" : "nothing";
}

void plan_value_defaults(const PlanKey *keys, json_t *values)
{
    for (const PlanKey *key = keys; key != NULL && key->name != NULL; key++) {
        if (key->fallback == NULL || json_object_get(values, key->name) != NULL)
            continue;
        /* text, number and boolean are written alike in Lua and JSON */
        json_t *value = json_loads(key->fallback, JSON_DECODE_ANY, NULL);
        invariant(value != NULL);
        json_object_set_new(values, key->name, value);
    }
}
