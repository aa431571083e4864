/* From --param to values. */
#include "cli/param.h"

#include "plan/param.h"

#include <string.h>

/* Everything is a text here; the declaration says what it becomes. */
static bool take_one(json_t *given, const char *option, const char *text, Error *err)
{
    const char *equals = strchr(text, '=');
    const char *what = strcmp(option, "param") == 0 ? "parameter" : option;
    if (equals == NULL || equals == text)
        return error_set(err, ERROR_INPUT, "--%s takes NAME=VALUE, not \"%.200s\"", option, text);
    AUTO(base_free) char *name = base_strndup(text, (size_t)(equals - text));
    if (json_object_get(given, name) != NULL)
        return error_set(err, ERROR_INPUT, "%s \"%.200s\" is given twice", what, name);
    json_t *value = json_string(equals + 1);
    if (value == NULL)
        return error_set(err, ERROR_INPUT, "%s \"%.200s\" is not UTF-8", what, name);
    json_object_set_new(given, name, value);
    return true;
}

bool cli_param_pairs(const Cli *cli, const char *option, json_t **ret_given, Error *err)
{
    AUTO(json_auto) json_t *given = json_object();
    const char *text;
    for (int i = 0; (text = cli_option_nth(cli, option, i)) != NULL; i++) {
        if (!take_one(given, option, text, err))
            return false;
    }
    *ret_given = json_incref(given);
    return true;
}

bool cli_param_take(const Cli *cli, CliPlan *plan, Error *err)
{
    AUTO(json_auto) json_t *given = NULL;
    return cli_param_pairs(cli, "param", &given, err) &&
           plan_param_resolve(plan->plan, given, &plan->params, err);
}

void cli_param_print(FILE *out, json_t *params)
{
    const char *name;
    json_t *value;
    json_object_foreach (params, name, value) {
        AUTO(base_free) char *shown = plan_param_shown(value);
        fprintf(out, "  param %s = %s\n", name, shown);
    }
}

bool cli_param_file(const char *path, size_t max_bytes, const char *key, json_t *body, Error *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(err, ERROR_INPUT, "cannot read %s", path);
    AUTO(base_free) char *text = base_alloc(max_bytes + 1);
    size_t bytes = fread(text, 1, max_bytes + 1, file);
    bool whole = bytes <= max_bytes && ferror(file) == 0 && strlen(text) == bytes;
    fclose(file);
    if (!whole)
        return error_set(err, ERROR_INPUT, "%s is not a text of at most %zu bytes", path,
                         max_bytes);
    json_t *value = json_string(text);
    if (value == NULL)
        return error_set(err, ERROR_INPUT, "%s is not UTF-8", path);
    json_object_set_new(body, key, value);
    return true;
}
