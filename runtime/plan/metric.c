/* Metrics: which source, how much, how often. */
#include "plan/metric.h"

#include "base/clock.h"
#include "base/hash.h"
#include "plan/setting.h"
#include "plan/variable.h"

#include <stdlib.h>
#include <string.h>

#define METRIC_HEADERS                                                                             \
    {                                                                                              \
        .name = "headers", .type = SETTING_TEXTS,                                                  \
        .doc = "Headers by name; `${name}` stands for a variable, so that no token stands here."   \
    }

/* What an answer in JSON is asked for; the same for http and command. */
#define METRIC_POINTERS(alone)                                                                     \
    {.name = "pointer",                                                                            \
     .type = SETTING_TEXT,                                                                         \
     .doc = "A JSON pointer, \"/database/cpu\": the number in the answer, or a list of numbers "   \
            "(many series)." alone},                                                               \
        {.name = "samples",                                                                        \
         .type = SETTING_TEXT,                                                                     \
         .doc = "A JSON pointer: how many observations the number rests on, for min_samples."},    \
    {                                                                                              \
        .name = "time", .type = SETTING_TEXT,                                                      \
        .doc = "A JSON pointer: when it was measured, in seconds or milliseconds since 1970. "     \
               "Older than three intervals (at least 10s) is no data."                             \
    }

static const PlanSetting PROMETHEUS_FIELDS[] = {
    {.name = "url",
     .type = SETTING_TEXT,
     .required = true,
     .doc = "Where Prometheus is, `http://prometheus:9090`; `${name}` stands for a variable. It is "
            "shown without user and password."},
    {.name = "query",
     .type = SETTING_TEXT,
     .required = true,
     .doc = "PromQL whose value now is asked for (`/api/v1/query`); one series, or see series."},
    {.name = "samples",
     .type = SETTING_TEXT,
     .doc = "PromQL for the number of observations that the value rests on, for min_samples."},
    METRIC_HEADERS,
    {0},
};

static const PlanSetting HTTP_FIELDS[] = {
    {.name = "url",
     .type = SETTING_TEXT,
     .required = true,
     .doc = "What to GET; `${name}` stands for a variable. The answer must be JSON, status 2xx. It "
            "is shown without user, password and query."},
    METRIC_HEADERS,
    METRIC_POINTERS(" Default: all of the answer."),
    {0},
};

static const PlanSetting COMMAND_FIELDS[] = {
    {.name = "argv",
     .type = SETTING_ARGV,
     .required = true,
     .doc = "A program and its arguments; no shell. A relative name with \"/\" is a file of the "
            "plan's folder. It must end with 0 and print a number; nothing printed is no data."},
    {.name = "env",
     .type = SETTING_TEXTS,
     .doc = "Variables of its environment; `${name}` stands for a variable of this file."},
    METRIC_POINTERS(" With it (or samples, or time) the program prints JSON."),
    {0},
};

const PlanSetting PLAN_METRIC_FIELDS[] = {
    {.name = "sql",
     .type = SETTING_TEXT,
     .doc = "A query of one row with one number; NULL is no data. A second column says how many "
            "observations it rests on, for min_samples."},
    {.name = "prometheus",
     .type = SETTING_FIELDS,
     .fields = PROMETHEUS_FIELDS,
     .doc = "A Prometheus server, asked by its instant query API."},
    {.name = "http",
     .type = SETTING_FIELDS,
     .fields = HTTP_FIELDS,
     .doc = "An address that answers in JSON."},
    {.name = "command",
     .type = SETTING_FIELDS,
     .fields = COMMAND_FIELDS,
     .doc = "A program that prints the number."},
    {.name = "unit",
     .type = SETTING_TEXT,
     .doc = "The unit of that number: percent (or %), ms, s, /s, B, KiB, MiB, GiB."},
    {.name = "empty",
     .type = SETTING_NUMBER,
     .doc = "What no row, no series, null or no output counts as. Without it that is no data, and "
            "no data is never good."},
    {.name = "series",
     .type = SETTING_CHOICE,
     .choices = "max min sum avg",
     .doc = "How several rows or series become one number. Without it several are an error."},
    {.name = "min_samples",
     .type = SETTING_COUNT,
     .doc = "A number that rests on fewer observations is no data; the source must say how many "
            "they are."},
    {.name = "interval",
     .type = SETTING_DURATION,
     .fallback = "guard_interval",
     .doc = "How often this metric is asked, when less often than the other guards."},
    {.name = "timeout",
     .type = SETTING_DURATION,
     .fallback = "5s",
     .doc = "How long an answer may take; after that there is no data. At most 1m."},
    {.name = "target",
     .type = SETTING_TEXT,
     .fallback = "the plan's target",
     .doc = "The target that sql is asked in."},
    {0},
};

enum { TIMEOUT_US = 5 * 1000 * 1000, TIMEOUT_MAX_US = 60 * 1000 * 1000 };

static const char *const SOURCES[METRIC_SOURCES] = {
    [METRIC_SQL] = "sql",
    [METRIC_PROMETHEUS] = "prometheus",
    [METRIC_HTTP] = "http",
    [METRIC_COMMAND] = "command",
};

static const char *const SERIES[] = {
    [SERIES_ONE] = NULL,  [SERIES_MAX] = "max", [SERIES_MIN] = "min",
    [SERIES_SUM] = "sum", [SERIES_AVG] = "avg",
};

/* One metric being read. */
typedef struct Reading {
    Config *config;
    const PlanYaml *map;    /* its fields */
    const PlanYaml *source; /* the value of sql, prometheus, …*/
    ConfigMetric *metric;
} Reading;

/* ---- reading (types are checked before) ---- */

static bool find_source(Reading *reading, Error *err)
{
    const char *name = reading->map->key->text;
    for (int source = 0; source < METRIC_SOURCES; source++) {
        const PlanYaml *value = plan_yaml_get(reading->map, SOURCES[source]);
        if (value == NULL)
            continue;
        if (reading->source != NULL)
            return plan_error_at(err, value->key->at, "metrics.%s has both %s and %s: one source",
                                 name, SOURCES[reading->metric->source], SOURCES[source]);
        reading->source = value;
        reading->metric->source = (ConfigSource)source;
    }
    if (reading->source == NULL)
        return plan_error_at(err, reading->map->key->at,
                             "metrics.%s needs one of sql, prometheus, http, command", name);
    if (plan_yaml_empty(reading->source))
        return plan_error_at(err, reading->source->at, "metrics.%s.%s is empty", name,
                             SOURCES[reading->metric->source]);
    return true;
}

static json_t *pairs_of(const PlanYaml *map)
{
    json_t *pairs = map == NULL ? NULL : json_object();
    for (const PlanYaml *entry = map == NULL ? NULL : map->first; entry != NULL;
         entry = entry->next)
        json_set_string(pairs, entry->key->text, entry->text);
    return pairs;
}

static json_t *list_of(const PlanYaml *list)
{
    json_t *words = list == NULL ? NULL : json_array();
    for (const PlanYaml *word = list == NULL ? NULL : list->first; word != NULL; word = word->next)
        json_array_append_new(words, json_string(word->text));
    return words;
}

static bool check_pointer(const Reading *reading, const char *key, Error *err)
{
    const char *pointer = plan_yaml_text(reading->source, key);
    if (pointer == NULL || pointer[0] == '/')
        return true;
    return plan_error_at(err, plan_yaml_get(reading->source, key)->at,
                         "metrics.%s.%s.%s must be a JSON pointer like \"/database/cpu\", got "
                         "\"%s\"",
                         reading->map->key->text, SOURCES[reading->metric->source], key, pointer);
}

static bool check_url(const Reading *reading, Error *err)
{
    const char *url = plan_yaml_text(reading->source, "url");
    if (url == NULL || text_starts(url, "http://") || text_starts(url, "https://") ||
        text_starts(url, "${"))
        return true;
    return plan_error_at(err, plan_yaml_get(reading->source, "url")->at,
                         "metrics.%s.%s.url must begin with http:// or https://, got \"%s\"",
                         reading->map->key->text, SOURCES[reading->metric->source], url);
}

static bool read_source(Reading *reading, Error *err)
{
    static const char *const POINTERS[] = {"pointer", "samples", "time"};
    ConfigMetric *metric = reading->metric;
    const PlanYaml *source = reading->source;
    metric->sql = metric->source == METRIC_SQL ? source->text : NULL;
    if (metric->source == METRIC_SQL)
        return true;
    metric->url = plan_yaml_text(source, "url");
    metric->query = plan_yaml_text(source, "query");
    metric->pointer = plan_yaml_text(source, "pointer");
    metric->samples = plan_yaml_text(source, "samples");
    metric->time = plan_yaml_text(source, "time");
    metric->headers = pairs_of(plan_yaml_get(source, "headers"));
    metric->env = pairs_of(plan_yaml_get(source, "env"));
    metric->argv = list_of(plan_yaml_get(source, "argv"));
    for (size_t i = 0; metric->source != METRIC_PROMETHEUS && i < COUNT_OF(POINTERS); i++) {
        if (!check_pointer(reading, POINTERS[i], err))
            return false;
    }
    return check_url(reading, err);
}

static bool read_unit(Reading *reading, Error *err)
{
    const PlanYaml *unit = plan_yaml_get(reading->map, "unit");
    reading->metric->unit = unit == NULL ? "" : threshold_unit(unit->text);
    return reading->metric->unit != NULL ||
           plan_error_at(err, unit->at,
                         "metrics.%s.unit must be one of percent ms s /s B KiB MiB GiB, got \"%s\"",
                         reading->map->key->text, unit->text);
}

static ConfigSeries series_of(const char *name)
{
    for (size_t i = 1; name != NULL && i < COUNT_OF(SERIES); i++) {
        if (strcmp(SERIES[i], name) == 0)
            return (ConfigSeries)i;
    }
    return SERIES_ONE;
}

static bool read_samples(Reading *reading, Error *err)
{
    const ConfigMetric *metric = reading->metric;
    const PlanYaml *least = plan_yaml_get(reading->map, "min_samples");
    if (least == NULL)
        return true;
    reading->metric->min_samples = strtol(least->text, NULL, 10);
    return metric->source == METRIC_SQL || metric->samples != NULL ||
           plan_error_at(err, least->key->at,
                         "metrics.%s.min_samples needs metrics.%s.%s.samples: how many "
                         "observations there were",
                         metric->name, metric->name, SOURCES[metric->source]);
}

static bool read_times(Reading *reading, Error *err)
{
    ConfigMetric *metric = reading->metric;
    const char *interval = plan_yaml_text(reading->map, "interval");
    const char *timeout = plan_yaml_text(reading->map, "timeout");
    metric->timeout_us = TIMEOUT_US;
    if ((interval != NULL && !duration_parse(interval, &metric->interval_us, err)) ||
        (timeout != NULL && !duration_parse(timeout, &metric->timeout_us, err)))
        return false;
    return metric->timeout_us <= TIMEOUT_MAX_US ||
           plan_error_at(err, plan_yaml_get(reading->map, "timeout")->at,
                         "metrics.%s.timeout must be at most 1m: the guards wait for it",
                         metric->name);
}

static bool read_metric(Reading *reading, Error *err)
{
    ConfigMetric *metric = reading->metric;
    const char *empty = plan_yaml_text(reading->map, "empty");
    metric->name = reading->map->key->text;
    metric->at = reading->map->key->at;
    metric->has_empty = empty != NULL;
    metric->empty = empty == NULL ? 0 : strtod(empty, NULL);
    metric->series = series_of(plan_yaml_text(reading->map, "series"));
    metric->target = plan_yaml_text(reading->map, "target");
    if (!find_source(reading, err) || !read_source(reading, err) || !read_unit(reading, err) ||
        !read_samples(reading, err) || !read_times(reading, err))
        return false;
    return metric->target == NULL || metric->source == METRIC_SQL ||
           plan_error_at(err, plan_yaml_get(reading->map, "target")->key->at,
                         "metrics.%s.target is for sql, not for %s", metric->name,
                         SOURCES[metric->source]);
}

bool plan_metrics_read(Config *config, const PlanYaml *metrics, Error *err)
{
    size_t count = metrics == NULL ? 0 : metrics->count;
    config->metrics = arena_alloc(config->arena, (count + 1) * sizeof(ConfigMetric));
    for (const PlanYaml *map = metrics == NULL ? NULL : metrics->first; map != NULL;
         map = map->next) {
        Reading reading = {
            .config = config, .map = map, .metric = &config->metrics[config->metrics_count++]};
        if (!read_metric(&reading, err))
            return false;
    }
    return true;
}

void plan_metrics_done(Config *config)
{
    for (size_t i = 0; i < config->metrics_count; i++) {
        const ConfigMetric *metric = &config->metrics[i];
        json_decref((json_t *)(uintptr_t)metric->headers);
        json_decref((json_t *)(uintptr_t)metric->argv);
        json_decref((json_t *)(uintptr_t)metric->env);
    }
}

/* ---- without secrets ---- */

/* "***" stands for the userinfo, in which a token may stand alone, and for the query. Another user
 * or query may measure something else and must void approvals, so their hash stands beside it. A
 * new password voids none. */
static void show_address(json_t *shown, const char *url)
{
    const char *slashes = strstr(url, "://");
    bool scheme = slashes != NULL && slashes < url + strcspn(url, "/?#");
    const char *authority = scheme ? slashes + 3 : url;
    const char *at = memrchr(authority, '@', strcspn(authority, "/?#"));
    const char *rest = at == NULL ? authority : at;
    const char *query = rest + strcspn(rest, "?#");
    json_object_set_new(shown, "url",
                        json_sprintf("%.*s%s%.*s%s", (int)(authority - url), url,
                                     at == NULL ? "" : "***", (int)(query - rest), rest,
                                     query[0] == '\0' ? "" : "?***"));
    if (at == NULL && query[0] == '\0')
        return;
    char hash[HASH_HEX_BYTES];
    const char *user_end = at == NULL ? authority : authority + strcspn(authority, ":@");
    AUTO(base_free) char *counts = base_printf("%.*s%s", (int)(user_end - url), url, rest);
    hash_sha256_hex(counts, strlen(counts), hash);
    json_set_string(shown, "url_sha256", hash);
}

static json_t *shown_or_null(const json_t *value)
{
    return value == NULL ? json_null() : json_incref((json_t *)(uintptr_t)value);
}

static json_t *metric_shown(const ConfigMetric *metric)
{
    json_t *shown = json_object();
    json_set_string(shown, "source", SOURCES[metric->source]);
    json_set_string(shown, "sql", metric->sql);
    json_set_string(shown, "url", NULL);
    if (metric->url != NULL)
        show_address(shown, metric->url);
    json_set_string(shown, "query", metric->query);
    json_object_set_new(shown, "headers", shown_or_null(metric->headers));
    json_object_set_new(shown, "argv", shown_or_null(metric->argv));
    json_object_set_new(shown, "env", shown_or_null(metric->env));
    json_set_string(shown, "pointer", metric->pointer);
    json_set_string(shown, "samples", metric->samples);
    json_set_string(shown, "time", metric->time);
    json_set_string(shown, "unit", metric->unit);
    json_set_string(shown, "target", metric->target);
    json_object_set_new(shown, "empty", metric->has_empty ? json_real(metric->empty) : json_null());
    json_set_string(shown, "series", SERIES[metric->series]);
    json_set_int(shown, "min_samples", metric->min_samples);
    json_set_int(shown, "interval_us", metric->interval_us);
    json_set_int(shown, "timeout_us", metric->timeout_us);
    return shown;
}

json_t *plan_metrics_shown(const Config *config)
{
    json_t *metrics = json_object();
    for (size_t i = 0; i < config->metrics_count; i++)
        json_object_set_new(metrics, config->metrics[i].name, metric_shown(&config->metrics[i]));
    return metrics;
}

/* ---- checking ---- */

bool plan_metric_check(const ConfigMetric *metric, const ConfigEnvironment *environment, Error *err)
{
    AUTO(json_auto) json_t *texts = json_object();
    json_set_string(texts, "url", metric->url == NULL ? "" : metric->url);
    json_object_set_new(texts, "headers", shown_or_null(metric->headers));
    json_object_set_new(texts, "env", shown_or_null(metric->env));
    return plan_variables_known(environment, texts, err) ||
           error_wrap(err, "%s:%d:%d: metric \"%s\"", metric->at.file, metric->at.line,
                      metric->at.column, metric->name);
}
