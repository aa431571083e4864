/* The settings table. To give headgate.yaml a key, add a row here and read it in config.c. */
#include "plan/setting.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/suggest.h"
#include "plan/hours.h"
#include "plan/notice.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const PlanSetting STATE[] = {
    {.name = "target",
     .type = SETTING_TEXT,
     .fallback = "app, or the first target",
     .doc = "The target whose database holds runs, gates, approvals and events."},
    {0},
};

static const PlanSetting TARGET[] = {
    {.name = "url",
     .type = SETTING_TEXT,
     .fallback = "DATABASE_URL, or else the PG* variables and ~/.pgpass",
     .doc = "A libpq URI or conninfo. A secret: it is shown without its password."},
    {.name = "run_as",
     .type = SETTING_TEXT,
     .doc = "The role under which the plan's SQL runs (SET LOCAL ROLE); it needs no rights on the "
            "schema headgate."},
    {.name = "lock_timeout",
     .type = SETTING_DURATION,
     .fallback = "2s",
     .doc = "The longest a statement of ours waits for a lock; the first tries wait less (100ms, "
            "200ms, …)."},
    {.name = "lock_budget",
     .type = SETTING_DURATION,
     .fallback = "10m",
     .doc = "How long a step tries to get its locks before it fails and names who holds them; a "
            "step's own lock_budget goes before it."},
    {.name = "victims",
     .type = SETTING_COUNT,
     .fallback = "20",
     .doc = "A statement of ours that waits for a lock is withdrawn when so many sessions queue "
            "behind it, and tried again later."},
    {.name = "victim_wait",
     .type = SETTING_DURATION,
     .fallback = "100ms",
     .doc = "The same when one of them has waited this long. Where transactions that hold the "
            "table for longer overlap all the time, the lock is only had with more."},
    {.name = "max_block",
     .type = SETTING_DURATION,
     .fallback = "5s",
     .doc = "A statement of ours that holds its locks is stopped, and its step fails, when a "
            "session has waited for them this long."},
    {.name = "statement_timeout",
     .type = SETTING_DURATION,
     .fallback = "10m",
     .doc = "The longest a statement of ours runs."},
    {.name = "outside_timeout",
     .type = SETTING_DURATION,
     .fallback = "12h",
     .doc = "The longest a statement outside transactions (CREATE INDEX CONCURRENTLY, …) takes, "
            "waiting included. Then it is ended, what it left is removed, and the step fails and "
            "names the blocker."},
    {.name = "pooler",
     .type = SETTING_CHOICE,
     .choices = "none session",
     .fallback = "none",
     .doc = "session: the address is that of a pooler in session mode; it is probed before the "
            "first effect."},
    {.name = "throttle",
     .type = SETTING_FIELDS,
     .fields = PLAN_THROTTLE_FIELDS,
     .doc = "What slows and pauses backfills and imports, so that the application does not feel "
            "them. What cannot be read for 5s pauses too."},
    {0},
};

static const PlanSetting ENVIRONMENT[] = {
    {.name = "targets",
     .type = SETTING_NAMED,
     .fields = TARGET,
     .doc = "As above, for this environment; a key given here goes before the common one."},
    {.name = "approvers",
     .type = SETTING_PEOPLE,
     .doc = "The people of each role: `admin: [alice, bob]`."},
    PLAN_STORES_SETTING("As above, for this environment."),
    {.name = "variables",
     .type = SETTING_TEXTS,
     .doc = "As above, for this environment; one given here goes before the common one."},
    {.name = "watch",
     .type = SETTING_WATCHES,
     .doc = "Watch windows by percent instead of the plan's: `{ 10: 5s, 50: 5s }`. Part of what is "
            "approved."},
    {.name = "soak",
     .type = SETTING_DURATION,
     .doc = "The soak time of every proof instead of the plan's. Part of what is approved."},
    {.name = "time_zone",
     .type = SETTING_ZONE,
     .fallback = "UTC",
     .doc = "The time zone of gates' windows that name none: `Europe/Berlin`. Part of what is "
            "approved."},
    {.name = "guard_interval",
     .type = SETTING_DURATION,
     .fallback = "15s",
     .doc = "How often guards are sampled."},
    {.name = "gates",
     .type = SETTING_CHOICE,
     .choices = "people auto",
     .fallback = "people",
     .doc = "auto: gates are recorded as approved by \"policy: <environment>\"."},
    {.name = "traffic",
     .type = SETTING_CHOICE,
     .choices = "haproxy none",
     .fallback = "haproxy",
     .doc =
         "none: there is no load balancer here; rollouts with `traffic` are passed over, and the "
         "run says so."},
    {.name = "notify",
     .type = SETTING_NAMED,
     .fields = PLAN_NOTICE_FIELDS,
     .doc = "Webhooks by name that `headgate serve` tells what happens to the runs of this "
            "environment; not part of what is approved."},
    {.name = "alerts",
     .type = SETTING_LIMITS,
     .doc = "Limits that are a breach when true, in groups or not: `error_rate: > 1%`, `p95: > "
            "500ms for 5m`."},
    {.name = "goals", .type = SETTING_LIMITS, .doc = "Limits that must hold: `api_p95: < 200ms`."},
    {0},
};

static const PlanSetting SECTIONS[] = {
    {.name = "version",
     .type = SETTING_CHOICE,
     .choices = "1",
     .fallback = "1",
     .doc = "The version of this file's language."},
    {.name = "state",
     .type = SETTING_FIELDS,
     .fields = STATE,
     .doc = "Where runs, gates and approvals live."},
    {.name = "targets",
     .type = SETTING_NAMED,
     .fields = TARGET,
     .doc = "Databases by name. `${NAME}` in a url or run_as is replaced from the process's "
            "environment."},
    {.name = "metrics",
     .type = SETTING_NAMED,
     .fields = PLAN_METRIC_FIELDS,
     .doc = "Where the numbers of thresholds come from, by name."},
    PLAN_STORES_SETTING("Folders with files that import reads, by name."),
    {.name = "variables",
     .type = SETTING_TEXTS,
     .doc = "Addresses and tokens that plans name as `${name}` in exec, http, notify and haproxy, "
            "and metrics in url, headers and env. "
            "`${NAME}` in a value is replaced from the process's environment; such a value is a "
            "secret and is never shown or stored."},
    {.name = "environments",
     .type = SETTING_NAMED,
     .fields = ENVIRONMENT,
     .doc = "Who approves, which databases, how much watching: one map for each environment."},
    {0},
};

const PlanSetting *plan_setting_sections(void)
{
    return SECTIONS;
}

static const char *const TYPE_TEXTS[SETTING_TYPES] = {
    [SETTING_TEXT] = "a text",
    [SETTING_DURATION] = "a duration like 5s",
    [SETTING_NUMBER] = "a number",
    [SETTING_COUNT] = "a whole number",
    [SETTING_ZONE] = "a time zone",
    [SETTING_CHOICE] = "a text",
    [SETTING_WORDS] = "a list of words",
    [SETTING_FIELDS] = "a map",
    [SETTING_NAMED] = "a map of names",
    [SETTING_PEOPLE] = "a map of role to list of people",
    [SETTING_WATCHES] = "a map of percent to duration",
    [SETTING_TEXTS] = "a map of name to text",
    [SETTING_ARGV] = "a list of texts",
    [SETTING_LIMITS] = "a map of metric to threshold",
};

const char *plan_setting_type_text(SettingType type)
{
    return TYPE_TEXTS[type];
}

bool plan_setting_percent(const char *text, double *ret_percent)
{
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]) || strspn(text, "0123456789.") < strcspn(text, "%"))
        return false;
    *ret_percent = strtod(text, &end);
    bool ends = *end == '\0' || strcmp(end, "%") == 0;
    return ends && *ret_percent > 0 && *ret_percent <= 100;
}

/* ---- checking ---- */

/* One value on its way. */
typedef struct Place {
    Arena *arena;
    const char *path; /* "targets.app"; "" at the top */
    const PlanSetting *setting;
} Place;

static bool check_map(const Place *place, const PlanSetting *fields, const PlanYaml *map,
                      Error *err);

static bool wrong_type(const Place *place, const PlanYaml *value, Error *err)
{
    return plan_error_at(err, value->at, "%s must be %s, got %s", place->path,
                         plan_setting_type_text(place->setting->type), plan_yaml_kind_text(value));
}

static bool check_text(const Place *place, const PlanYaml *value, Error *err)
{
    if (value->kind != PLAN_YAML_TEXT || plan_yaml_empty(value))
        return wrong_type(place, value, err);
    if (value->text[strspn(value->text, " \t\n")] == '\0')
        return plan_error_at(err, value->at, "%s is empty", place->path);
    return true;
}

static bool check_duration(const Place *place, const PlanYaml *value, Error *err)
{
    int64_t us;
    Error why;
    if (!check_text(place, value, err))
        return false;
    if (!duration_parse(value->text, &us, &why))
        return plan_error_at(err, value->at, "%s: %s", place->path, why.message);
    return true;
}

static bool check_milliseconds(const Place *place, const PlanYaml *value, Error *err)
{
    int64_t us;
    if (!check_duration(place, value, err))
        return false;
    if (!duration_parse(value->text, &us, err) || us > (int64_t)INT_MAX * 1000 || us < 1000)
        return plan_error_at(err, value->at, "%s must be from 1ms to 24d", place->path);
    return true;
}

static bool check_number(const Place *place, const PlanYaml *value, Error *err)
{
    char *end = NULL;
    if (value->kind != PLAN_YAML_TEXT || plan_yaml_empty(value))
        return wrong_type(place, value, err);
    double number = strtod(value->text, &end);
    if (*end != '\0' || strspn(value->text, "0123456789.-+eE") != strlen(value->text) ||
        !isfinite(number))
        return plan_error_at(err, value->at, "%s must be a number, got \"%s\"", place->path,
                             value->text);
    return true;
}

static bool check_count(const Place *place, const PlanYaml *value, Error *err)
{
    enum { MOST = 1000000 };
    if (!check_number(place, value, err))
        return false;
    long number = strtol(value->text, NULL, 10);
    bool whole = strspn(value->text, "0123456789") == strlen(value->text);
    return (whole && number >= 1 && number <= MOST) ||
           plan_error_at(err, value->at, "%s must be a whole number from 1 to %d, got \"%s\"",
                         place->path, MOST, value->text);
}

static bool check_choice(const Place *place, const PlanYaml *value, Error *err)
{
    if (!check_text(place, value, err))
        return false;
    const char *choices = place->setting->choices;
    const char *listed = "";
    Suggest suggest;
    suggest_init(&suggest, value->text);
    for (const char *at = choices; *at != '\0';) {
        size_t length = strcspn(at, " ");
        const char *choice = arena_strndup(place->arena, at, length);
        if (strcmp(choice, value->text) == 0)
            return true;
        suggest_offer(&suggest, choice);
        listed = arena_printf(place->arena, "%s%s%s", listed, at == choices ? "" : " or ", choice);
        at += at[length] == '\0' ? length : length + 1;
    }
    const char *mean =
        suggest.best == NULL ? "" : arena_printf(place->arena, " (did you mean %s?)", suggest.best);
    return plan_error_at(err, value->at, "%s must be %s, got \"%s\"%s", place->path, listed,
                         value->text, mean);
}

static bool check_name(const Place *place, const PlanYaml *key, Error *err)
{
    size_t length = strlen(key->text);
    if (length == 0 || length > BOUND_NAME_BYTES)
        return plan_error_at(err, key->at, "%s: a name must have 1 to %d bytes", place->path,
                             BOUND_NAME_BYTES);
    for (const char *at = key->text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            return plan_error_at(err, key->at, "%s: a name has a control character", place->path);
    }
    return true;
}

static Place inside(const Place *place, const char *name)
{
    Place inner = *place;
    inner.path =
        place->path[0] == '\0' ? name : arena_printf(place->arena, "%s.%s", place->path, name);
    return inner;
}

static bool check_fields(const Place *place, const PlanYaml *value, Error *err)
{
    if (plan_yaml_empty(value)) /* "demo:" alone is an environment with nothing of its own */
        return true;
    if (value->kind != PLAN_YAML_MAP)
        return wrong_type(place, value, err);
    return check_map(place, place->setting->fields, value, err);
}

static bool check_named(const Place *place, const PlanYaml *value, Error *err)
{
    if (plan_yaml_empty(value))
        return true;
    if (value->kind != PLAN_YAML_MAP)
        return wrong_type(place, value, err);
    for (const PlanYaml *entry = value->first; entry != NULL; entry = entry->next) {
        Place inner = inside(place, entry->key->text);
        if (!check_name(place, entry->key, err))
            return false;
        if (entry->kind != PLAN_YAML_MAP && !plan_yaml_empty(entry))
            return plan_error_at(err, entry->at, "%s must be a map, got %s", inner.path,
                                 plan_yaml_kind_text(entry));
        if (!check_map(&inner, place->setting->fields, entry, err))
            return false;
    }
    return true;
}

static bool check_people(const Place *place, const PlanYaml *value, Error *err)
{
    if (value->kind != PLAN_YAML_MAP)
        return wrong_type(place, value, err);
    for (const PlanYaml *role = value->first; role != NULL; role = role->next) {
        const char *path = inside(place, role->key->text).path;
        if (!check_name(place, role->key, err))
            return false;
        if (role->kind == PLAN_YAML_TEXT && !plan_yaml_empty(role))
            continue;
        if (role->kind != PLAN_YAML_LIST)
            return plan_error_at(err, role->at, "%s must be a list of people, got %s", path,
                                 plan_yaml_kind_text(role));
        for (const PlanYaml *person = role->first; person != NULL; person = person->next) {
            if (person->kind != PLAN_YAML_TEXT || plan_yaml_empty(person) ||
                person->text[0] == '\0')
                return plan_error_at(err, person->at, "%s: a person must be a name, got %s", path,
                                     plan_yaml_kind_text(person));
        }
    }
    return true;
}

static bool check_texts(const Place *place, const PlanYaml *value, Error *err)
{
    if (value->kind != PLAN_YAML_MAP)
        return wrong_type(place, value, err);
    for (const PlanYaml *entry = value->first; entry != NULL; entry = entry->next) {
        Place inner = inside(place, entry->key->text);
        inner.setting = &(PlanSetting){.type = SETTING_TEXT};
        if (!check_name(place, entry->key, err) || !check_text(&inner, entry, err))
            return false;
    }
    return true;
}

static bool check_argv(const Place *place, const PlanYaml *value, Error *err)
{
    if (value->kind != PLAN_YAML_LIST || value->first == NULL)
        return wrong_type(place, value, err);
    for (const PlanYaml *word = value->first; word != NULL; word = word->next) {
        if (word->kind != PLAN_YAML_TEXT)
            return plan_error_at(err, word->at, "%s must hold texts, got %s", place->path,
                                 plan_yaml_kind_text(word));
    }
    return check_text(place, value->first, err);
}

static bool check_words(const Place *place, const PlanYaml *value, Error *err)
{
    if (value->kind != PLAN_YAML_LIST)
        return check_choice(place, value, err);
    if (value->first == NULL)
        return wrong_type(place, value, err);
    for (const PlanYaml *word = value->first; word != NULL; word = word->next) {
        if (!check_choice(place, word, err))
            return false;
    }
    return true;
}

static bool check_zone(const Place *place, const PlanYaml *value, Error *err)
{
    if (!check_text(place, value, err))
        return false;
    return plan_hours_is_zone(value->text) ||
           plan_error_at(err, value->at,
                         "%s names no time zone that is known here: \"%.100s\" (write it like "
                         "Europe/Berlin)",
                         place->path, value->text);
}

static bool check_watches(const Place *place, const PlanYaml *value, Error *err)
{
    if (value->kind != PLAN_YAML_MAP)
        return wrong_type(place, value, err);
    for (const PlanYaml *watch = value->first; watch != NULL; watch = watch->next) {
        Place inner = inside(place, watch->key->text);
        double percent;
        if (!plan_setting_percent(watch->key->text, &percent))
            return plan_error_at(err, watch->key->at,
                                 "%s: \"%s\" is not a percentage above 0 and at most 100",
                                 place->path, watch->key->text);
        inner.setting = &(PlanSetting){.type = SETTING_DURATION};
        if (!check_duration(&inner, watch, err))
            return false;
    }
    return true;
}

static bool check_limits(const Place *place, const PlanYaml *value, Error *err)
{
    if (value->kind != PLAN_YAML_MAP)
        return wrong_type(place, value, err);
    for (const PlanYaml *entry = value->first; entry != NULL; entry = entry->next) {
        Place group = inside(place, entry->key->text);
        const PlanYaml *limit = entry->kind == PLAN_YAML_MAP ? entry->first : entry;
        for (; limit != NULL; limit = entry->kind == PLAN_YAML_MAP ? limit->next : NULL) {
            if (limit->kind == PLAN_YAML_TEXT && !plan_yaml_empty(limit))
                continue;
            const char *path = limit == entry ? group.path : inside(&group, limit->key->text).path;
            return plan_error_at(err, limit->at, "%s must be a threshold like \"> 80%%\", got %s",
                                 path, plan_yaml_kind_text(limit));
        }
    }
    return true;
}

typedef bool Check(const Place *place, const PlanYaml *value, Error *err);

static Check *const CHECKS[SETTING_TYPES] = {
    [SETTING_TEXT] = check_text,       [SETTING_DURATION] = check_milliseconds,
    [SETTING_NUMBER] = check_number,   [SETTING_COUNT] = check_count,
    [SETTING_CHOICE] = check_choice,   [SETTING_FIELDS] = check_fields,
    [SETTING_NAMED] = check_named,     [SETTING_PEOPLE] = check_people,
    [SETTING_WATCHES] = check_watches, [SETTING_LIMITS] = check_limits,
    [SETTING_TEXTS] = check_texts,     [SETTING_ARGV] = check_argv,
    [SETTING_WORDS] = check_words,     [SETTING_ZONE] = check_zone,
};

static const PlanSetting *find_setting(const PlanSetting *fields, const char *name)
{
    for (const PlanSetting *setting = fields; setting->name != NULL; setting++) {
        if (strcmp(setting->name, name) == 0)
            return setting;
    }
    return NULL;
}

static bool unknown_key(const Place *place, const PlanSetting *fields, const PlanYaml *key,
                        Error *err)
{
    Suggest suggest;
    suggest_init(&suggest, key->text);
    const char *listed = "";
    for (const PlanSetting *setting = fields; setting->name != NULL; setting++) {
        suggest_offer(&suggest, setting->name);
        listed = arena_printf(place->arena, "%s%s%s", listed, setting == fields ? "" : ", ",
                              setting->name);
    }
    const char *help = suggest.best == NULL
                           ? arena_printf(place->arena, "known: %s", listed)
                           : arena_printf(place->arena, "did you mean %s?", suggest.best);
    if (place->path[0] == '\0')
        return plan_error_at(err, key->at, "unknown section \"%s\" (%s)", key->text, help);
    return plan_error_at(err, key->at, "%s has no field \"%s\" (%s)", place->path, key->text, help);
}

static bool check_map(const Place *place, const PlanSetting *fields, const PlanYaml *map,
                      Error *err)
{
    for (const PlanYaml *entry = map->first; entry != NULL; entry = entry->next) {
        Place inner = inside(place, entry->key->text);
        inner.setting = find_setting(fields, entry->key->text);
        if (inner.setting == NULL)
            return unknown_key(place, fields, entry->key, err);
        if (!CHECKS[inner.setting->type](&inner, entry, err))
            return false;
    }
    for (const PlanSetting *setting = fields; setting->name != NULL; setting++) {
        if (setting->required && plan_yaml_get(map, setting->name) == NULL)
            return plan_error_at(err, map->at, "%s needs the field \"%s\"", place->path,
                                 setting->name);
    }
    return true;
}

/* Names are looked up by walking over them, so there may not be too many. */
static bool check_sizes(const PlanYaml *node, Error *err)
{
    if (node->count > BOUND_YAML_ENTRIES)
        return plan_error_at(err, node->at, "this %s has %zu entries; at most %d are read",
                             plan_yaml_kind_text(node), node->count, BOUND_YAML_ENTRIES);
    for (const PlanYaml *inner = node->first; inner != NULL; inner = inner->next) {
        if (!check_sizes(inner, err)) /* no deeper than BOUND_YAML_DEPTH */
            return false;
    }
    return true;
}

bool plan_setting_check(const PlanYaml *root, Arena *arena, Error *err)
{
    Place place = {arena, "", NULL};
    if (root->kind != PLAN_YAML_MAP)
        return plan_error_at(err, root->at, "the file must be a map of sections, got %s",
                             plan_yaml_kind_text(root));
    return check_sizes(root, err) && check_map(&place, SECTIONS, root, err);
}
