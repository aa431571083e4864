/* Reading stores and finding their folders. */
#include "plan/store.h"

#include "base/suggest.h"
#include "plan/conninfo.h"
#include "plan/setting.h"

#include <string.h>

const PlanSetting PLAN_STORE_FIELDS[] = {
    {.name = "path",
     .type = SETTING_TEXT,
     .required = true,
     .doc = "The folder, relative to this file. `${NAME}` in it is replaced from the process's "
            "environment."},
    {0},
};

static void read_store(Config *config, const PlanYaml *map, ConfigStore *store)
{
    const PlanYaml *path = plan_yaml_get(map, "path");
    const char *expanded = NULL;
    const char *missing = NULL;
    const char *slash = strrchr(config->path, '/');
    *store = (ConfigStore){.name = map->key->text, .written = path->text, .at = path->at};
    if (!plan_conninfo_expand(config->arena, path->text, &expanded, &missing)) {
        Error problem;
        plan_error_at(&problem, path->at, "${%s} is not set in the environment", missing);
        store->problem = arena_strdup(config->arena, problem.message);
    } else if (expanded[0] == '/' || slash == NULL) {
        store->path = expanded;
    } else {
        store->path = arena_printf(config->arena, "%.*s/%s", (int)(slash - config->path),
                                   config->path, expanded);
    }
}

void plan_stores_read(Config *config, const PlanYaml *own, const PlanYaml *common,
                      ConfigEnvironment *environment)
{
    size_t most = (own == NULL ? 0 : own->count) + (common == NULL ? 0 : common->count);
    environment->stores = arena_alloc(config->arena, (most + 1) * sizeof(ConfigStore));
    for (const PlanYaml *map = own == NULL ? NULL : own->first; map != NULL; map = map->next)
        read_store(config, map, &environment->stores[environment->stores_count++]);
    for (const PlanYaml *map = common == NULL ? NULL : common->first; map != NULL;
         map = map->next) {
        if (plan_yaml_get(own, map->key->text) == NULL)
            read_store(config, map, &environment->stores[environment->stores_count++]);
    }
}

json_t *plan_stores_shown(const ConfigEnvironment *environment)
{
    json_t *shown = json_object();
    for (size_t i = 0; i < environment->stores_count; i++)
        json_set_string(shown, environment->stores[i].name, environment->stores[i].written);
    return shown;
}

const ConfigStore *config_store(const ConfigEnvironment *environment, const char *name)
{
    for (size_t i = 0; i < environment->stores_count; i++) {
        if (text_equal(environment->stores[i].name, name))
            return &environment->stores[i];
    }
    return NULL;
}

static bool unknown(const ConfigEnvironment *environment, const char *name, Error *err)
{
    Suggest suggest;
    suggest_init(&suggest, name);
    for (size_t i = 0; i < environment->stores_count; i++)
        suggest_offer(&suggest, environment->stores[i].name);
    if (suggest.best != NULL)
        return error_set(err, ERROR_INPUT, "store \"%s\" is not defined for %s (did you mean %s?)",
                         name, environment->name, suggest.best);
    error_set(err, ERROR_INPUT, "store \"%s\" is not defined for %s", name, environment->name);
    return error_hint(err, "headgate.yaml: stores: {%s: {path: …}}", name);
}

bool config_store_path(const ConfigEnvironment *environment, const char *name,
                       const char **ret_path, Error *err)
{
    const ConfigStore *store = config_store(environment, name);
    if (store == NULL)
        return unknown(environment, name, err);
    if (store->problem != NULL)
        return error_set(err, ERROR_INPUT, "%s", store->problem);
    *ret_path = store->path;
    return true;
}

static bool check_store(const ConfigEnvironment *environment, const PlanNode *node, const char *key,
                        const char *name, Error *err)
{
    if (name == NULL || config_store(environment, name) != NULL)
        return true;
    PlanPosition at = plan_key_position(node, key);
    unknown(environment, name, err);
    return error_wrap(err, "%s:%d:%d", at.file, at.line, at.column);
}

bool plan_stores_check(const ConfigEnvironment *environment, const PlanNode *node, Error *err)
{
    const json_t *sums = json_object_get(node->keys, "checksums");
    const char *own = node->kind == PLAN_IMPORT ? plan_text(node, "data") : NULL;
    const char *table;
    json_t *rows;
    json_object_foreach (json_object_get(node->keys, "counts"), table, rows) {
        if (!check_store(environment, node, "counts", json_get_string(rows, "data", NULL), err))
            return false;
    }
    return check_store(environment, node, "data", own, err) &&
           check_store(environment, node, "checksums", json_get_string(sums, "data", NULL), err);
}
