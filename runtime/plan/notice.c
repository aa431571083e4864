/* The key notify. */
#include "plan/notice.h"

#include "plan/variable.h"

#include <string.h>

const PlanSetting PLAN_NOTICE_FIELDS[] = {
    {.name = "url",
     .type = SETTING_TEXT,
     .required = true,
     .doc = "Where a POST goes; `${name}` stands for a variable, so that no token stands here."},
    {.name = "secret",
     .type = SETTING_TEXT,
     .doc = "With it every POST is signed: `X-Headgate-Signature: sha256=…`, the HMAC-SHA256 of "
            "the text `<X-Headgate-Timestamp>.<body>`. `${name}` stands for a variable."},
    {.name = "on",
     .type = SETTING_WORDS,
     .choices = "gate breach failure done heads",
     .fallback = "[gate, breach, failure, done]",
     .doc = "What is told. gate: one waits for people. breach: a guard or a budget. failure: a "
            "step failed, the run is held, blocked or aborted. done: it is done or rolled back. "
            "heads: once an hour, the newest hashes of the audit chains."},
    {.name = "format",
     .type = SETTING_CHOICE,
     .choices = "json slack",
     .fallback = "json",
     .doc = "slack: `{\"text\": …}`, which Slack, Mattermost and others take."},
    {0},
};

/* Without a list: all but heads. */
static json_t *kinds_of(const PlanYaml *list)
{
    static const char *const USUAL[] = {"gate", "breach", "failure", "done"};
    json_t *kinds = json_array();
    if (list != NULL && list->kind == PLAN_YAML_TEXT)
        json_array_append_new(kinds, json_string(list->text));
    for (const PlanYaml *word = list == NULL ? NULL : list->first; word != NULL; word = word->next)
        json_array_append_new(kinds, json_string(word->text));
    for (size_t i = 0; list == NULL && i < COUNT_OF(USUAL); i++)
        json_array_append_new(kinds, json_string(USUAL[i]));
    return kinds;
}

static bool check_text(const ConfigEnvironment *environment, const PlanYaml *text, Error *err)
{
    if (text == NULL)
        return true;
    AUTO(json_auto) json_t *value = json_string(text->text);
    return plan_variables_known(environment, value, err) ||
           error_wrap(err, "%s:%d:%d", text->at.file, text->at.line, text->at.column);
}

bool plan_notices_read(Config *config, const PlanYaml *map, ConfigEnvironment *environment,
                       Error *err)
{
    size_t most = map == NULL ? 0 : map->count;
    environment->notices = arena_alloc(config->arena, (most + 1) * sizeof(ConfigNotice));
    for (const PlanYaml *one = map == NULL ? NULL : map->first; one != NULL; one = one->next) {
        const PlanYaml *url = plan_yaml_get(one, "url");
        const PlanYaml *secret = plan_yaml_get(one, "secret");
        const PlanYaml *format = plan_yaml_get(one, "format");
        if (!check_text(environment, url, err) || !check_text(environment, secret, err))
            return false;
        AUTO(json_auto) json_t *kinds = kinds_of(plan_yaml_get(one, "on"));
        AUTO(base_free) char *text = json_text(kinds);
        environment->notices[environment->notices_count++] =
            (ConfigNotice){.name = one->key->text,
                           .url = url->text,
                           .secret = secret == NULL ? NULL : secret->text,
                           .kinds = arena_strdup(config->arena, text),
                           .heads = strstr(text, "\"heads\"") != NULL,
                           .slack = format != NULL && text_equal(format->text, "slack")};
    }
    return true;
}
