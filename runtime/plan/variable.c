/* Reading variables and putting them into texts. */
#include "plan/variable.h"

#include "base/bounds.h"
#include "base/log.h"
#include "base/suggest.h"
#include "base/text.h"
#include "plan/conninfo.h"

#include <string.h>

/* ---- reading ---- */

static void read_variable(Arena *arena, const PlanYaml *entry, ConfigVariable *variable)
{
    const char *missing = NULL;
    *variable = (ConfigVariable){.name = entry->key->text, .written = entry->text, .at = entry->at};
    if (!plan_conninfo_expand(arena, entry->text, &variable->value, &missing)) {
        variable->value = NULL;
        variable->missing = missing;
    } else if (strstr(entry->text, "${") != NULL) {
        log_secret(variable->value);
    }
}

void plan_variables_read(Arena *arena, const PlanYaml *own, const PlanYaml *common,
                         ConfigEnvironment *environment)
{
    size_t most = (own == NULL ? 0 : own->count) + (common == NULL ? 0 : common->count);
    environment->variables = arena_alloc(arena, (most + 1) * sizeof(ConfigVariable));
    for (const PlanYaml *entry = own == NULL ? NULL : own->first; entry != NULL;
         entry = entry->next)
        read_variable(arena, entry, &environment->variables[environment->variables_count++]);
    for (const PlanYaml *entry = common == NULL ? NULL : common->first; entry != NULL;
         entry = entry->next) {
        if (plan_yaml_get(own, entry->key->text) == NULL)
            read_variable(arena, entry, &environment->variables[environment->variables_count++]);
    }
}

json_t *plan_variables_shown(const ConfigEnvironment *environment)
{
    json_t *shown = json_object();
    for (size_t i = 0; i < environment->variables_count; i++)
        json_set_string(shown, environment->variables[i].name, environment->variables[i].written);
    return shown;
}

/* ---- using ---- */

static const ConfigVariable *find(const ConfigEnvironment *environment, const char *name)
{
    for (size_t i = 0; i < environment->variables_count; i++) {
        if (strcmp(environment->variables[i].name, name) == 0)
            return &environment->variables[i];
    }
    return NULL;
}

static bool unknown(Arena *arena, const ConfigEnvironment *environment, const char *name,
                    Error *err)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    for (size_t i = 0; i < environment->variables_count; i++)
        suggest_offer(&suggest, environment->variables[i].name);
    const char *mean =
        suggest.best == NULL ? "" : arena_printf(arena, " (did you mean %s?)", suggest.best);
    return error_set(err, ERROR_INPUT, "variable \"%s\" is not defined for %s%s", name,
                     environment->name, mean);
}

/* Puts values in, or (ret_text NULL) only looks whether the names exist: a check on a developer's
 * machine does not have production's secrets. */
static bool expand(Arena *arena, const ConfigEnvironment *environment, const char *text,
                   const char **ret_text, Error *err)
{
    Text result;
    text_init(&result, BOUND_HTTP_BODY_BYTES);
    bool ok = true;
    for (const char *at = text; ok && *at != '\0';) {
        const char *open = strstr(at, "${");
        size_t length = open == NULL ? strlen(at) : (size_t)(open - at);
        text_append_bytes(&result, at, length);
        at += length;
        if (open == NULL)
            break;
        size_t name_length = strcspn(open + 2, "}");
        const char *name = arena_strndup(arena, open + 2, name_length);
        const ConfigVariable *variable = find(environment, name);
        if (open[2 + name_length] != '}' || variable == NULL) {
            ok = unknown(arena, environment, name, err);
        } else if (ret_text != NULL && variable->value == NULL) {
            ok = plan_error_at(err, variable->at, "${%s} is not set in the environment",
                               variable->missing);
        } else if (ret_text != NULL) {
            text_append(&result, variable->value);
        }
        at = open + 2 + name_length + 1;
    }
    if (ok && ret_text != NULL)
        *ret_text = arena_strdup(arena, text_string(&result));
    text_done(&result);
    return ok;
}

bool config_expand(const ConfigEnvironment *environment, Arena *arena, const char *text,
                   const char **ret_text, Error *err)
{
    return expand(arena, environment, text, ret_text, err);
}

static bool check_texts(Arena *arena, const ConfigEnvironment *environment, const json_t *value,
                        Error *err)
{
    const char *name = NULL;
    json_t *inner = NULL;
    if (json_is_string(value))
        return expand(arena, environment, json_string_value(value), NULL, err);
    json_object_foreach ((json_t *)(uintptr_t)value, name, inner) {
        if (!check_texts(arena, environment, inner, err))
            return false;
    }
    return true;
}

bool plan_variables_known(const ConfigEnvironment *environment, const json_t *value, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    return check_texts(arena, environment, value, err);
}

bool plan_variables_check(const ConfigEnvironment *environment, const PlanNode *node, Error *err)
{
    static const char *const KEYS[] = {"url", "headers", "body", "env", "text", "http", "traffic"};
    static const char *const TABLES[] = {"done", "undo"};
    bool outside = node->kind == PLAN_EXEC || node->kind == PLAN_HTTP || node->kind == PLAN_NOTIFY;
    AUTO(arena_auto) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        bool traffic = strcmp(KEYS[i], "traffic") == 0 && !environment->traffic_none;
        bool holds = outside || traffic || strcmp(KEYS[i], "http") == 0;
        if (holds && !check_texts(arena, environment, json_object_get(node->keys, KEYS[i]), err)) {
            PlanPosition at = plan_key_position(node, KEYS[i]);
            return error_wrap(err, "%s:%d:%d", at.file, at.line, at.column);
        }
    }
    for (size_t i = 0; i < COUNT_OF(TABLES); i++) {
        const json_t *table = json_object_get(node->keys, TABLES[i]);
        if (!check_texts(arena, environment, json_object_get(table, "http"), err)) {
            PlanPosition at = plan_key_position(node, TABLES[i]);
            return error_wrap(err, "%s:%d:%d", at.file, at.line, at.column);
        }
    }
    return true;
}
