/* Reading what metrics answer. */
#include "run/answer.h"

#include "base/clock.h"
#include "base/pointer.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SERIES = 16 };
/* A time above this is in milliseconds: as seconds it would be in the year 5138. */
static const double SECONDS_MAX = 1e11;

void run_series_done(RunSeries *series)
{
    free(series->values);
    *series = (RunSeries){0};
}

/* ------------------------------------------------------------------ numbers */

/* strtod alone would take hexadecimal and trailing text. NaN and infinities are numbers here, so
 * that people are told of them. */
static bool number_of(const char *text, double *ret_number)
{
    char *end = NULL;
    bool plain = text[0] != '\0' && strspn(text, "0123456789+-.eE") == strlen(text);
    bool special = strcmp(text, "NaN") == 0 || strcmp(text, "+Inf") == 0 ||
                   strcmp(text, "-Inf") == 0 || strcmp(text, "Inf") == 0 ||
                   strcmp(text, "Infinity") == 0 || strcmp(text, "-Infinity") == 0;
    if (!plain && !special)
        return false;
    *ret_number = strtod(text, &end);
    return *end == '\0';
}

static bool add(RunSeries *series, double value)
{
    if (series->count == RUN_ANSWER_SERIES_MAX)
        return false;
    if (series->count == series->room) {
        series->room = series->room == 0 ? FIRST_SERIES : series->room * 2;
        series->values = base_realloc(series->values, series->room * sizeof(double));
    }
    series->values[series->count++] = value;
    return true;
}

bool run_series_add(RunSeries *series, const char *text)
{
    double value = 0;
    return number_of(text, &value) && add(series, value);
}

static bool json_number_of(const json_t *value, double *ret_number)
{
    if (json_is_number(value)) {
        *ret_number = json_number_value(value);
        return true;
    }
    return json_is_string(value) && number_of(json_string_value(value), ret_number);
}

static const char *json_kind(const json_t *value)
{
    return json_is_object(value)    ? "an object"
           : json_is_array(value)   ? "a list"
           : json_is_boolean(value) ? "a boolean"
           : json_is_string(value)  ? "a text"
                                    : "nothing";
}

/* ------------------------------------------------------------------ Prometheus */

/* [1700000000.123, "0.5"] */
static bool add_point(RunSeries *series, const json_t *point, Error *err)
{
    double value = 0;
    const json_t *at = json_array_get(point, 0);
    if (!json_is_number(at) || !json_number_of(json_array_get(point, 1), &value))
        return error_set(err, ERROR_INPUT, "its answer has a series without time and number");
    if (!add(series, value))
        return error_set(err, ERROR_INPUT, "more than %d series", RUN_ANSWER_SERIES_MAX);
    int64_t at_us = (int64_t)(json_number_value(at) * 1e6);
    if (series->at_us == 0 || at_us < series->at_us)
        series->at_us = at_us;
    return true;
}

static bool add_vector(RunSeries *series, const json_t *result, Error *err)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach ((json_t *)(uintptr_t)result, i, item) {
        const json_t *point = json_object_get(item, "value");
        if (point == NULL)
            return error_set(err, ERROR_INPUT,
                             "its answer is of histograms: the query must give plain numbers");
        if (!add_point(series, point, err))
            return false;
    }
    return true;
}

/* A part of the data may be missing. Remarks on the query's style are not of that kind. */
static bool check_warnings(const json_t *answer, Error *err)
{
    size_t i = 0;
    json_t *warning = NULL;
    json_array_foreach (json_object_get(answer, "warnings"), i, warning) {
        const char *text = json_is_string(warning) ? json_string_value(warning) : "?";
        if (!text_starts(text, "PromQL info"))
            return error_set(err, ERROR_INPUT, "it warns: %.200s", text);
    }
    return true;
}

static bool read_prometheus(const json_t *answer, RunSeries *series, Error *err)
{
    const json_t *data = json_object_get(answer, "data");
    const json_t *result = json_object_get(data, "result");
    const char *type = json_get_string(data, "resultType", "");
    if (text_equal(json_get_string(answer, "status", ""), "error"))
        return error_set(err, ERROR_INPUT, "%s: %.200s", json_get_string(answer, "errorType", "?"),
                         json_get_string(answer, "error", "?"));
    if (!json_is_array(result))
        return error_set(err, ERROR_INPUT, "its answer is not that of a Prometheus query");
    if (!check_warnings(answer, err))
        return false;
    if (text_equal(type, "vector"))
        return add_vector(series, result, err);
    if (text_equal(type, "scalar"))
        return add_point(series, result, err);
    return error_set(err, ERROR_INPUT,
                     "the query gives a %.40s: it must give a vector or a scalar (no [range])",
                     type);
}

bool run_answer_prometheus(const char *body, size_t bytes, RunSeries *ret_series, Error *err)
{
    AUTO(run_series_done) RunSeries series = {0};
    AUTO(json_auto) json_t *answer = json_parse(body, bytes, err);
    if (answer == NULL)
        return error_wrap(err, "its answer is not JSON");
    if (!read_prometheus(answer, &series, err))
        return false;
    *ret_series = series;
    series = (RunSeries){0};
    return true;
}

/* ------------------------------------------------------------------ JSON */

static bool add_json(RunSeries *series, const json_t *value, const char *pointer, Error *err)
{
    double number = 0;
    if (json_is_null(value))
        return true; /* as no row */
    if (!json_number_of(value, &number))
        return error_set(err, ERROR_INPUT, "\"%.100s\" of its answer is %s, not a number", pointer,
                         json_kind(value));
    return add(series, number) ||
           error_set(err, ERROR_INPUT, "more than %d series", RUN_ANSWER_SERIES_MAX);
}

static bool add_values(RunSeries *series, const json_t *value, const char *pointer, Error *err)
{
    size_t i = 0;
    json_t *item = NULL;
    if (value == NULL)
        return error_set(err, ERROR_INPUT, "its answer has nothing at \"%.100s\"", pointer);
    if (!json_is_array(value))
        return add_json(series, value, pointer, err);
    json_array_foreach ((json_t *)(uintptr_t)value, i, item) {
        if (!add_json(series, item, pointer, err))
            return false;
    }
    return true;
}

/* A number beside the value: how many, or when. */
static bool read_beside(const json_t *body, const char *pointer, const char *what, double *ret,
                        Error *err)
{
    if (pointer == NULL ||
        (json_number_of(pointer_find(body, pointer), ret) && isfinite(*ret) && *ret >= 0))
        return true;
    return error_set(err, ERROR_INPUT, "its answer has no number at \"%.100s\" (%s)", pointer,
                     what);
}

bool run_answer_json(const ConfigMetric *metric, const char *body, size_t bytes,
                     RunSeries *ret_series, Error *err)
{
    AUTO(run_series_done) RunSeries series = {.has_samples = metric->samples != NULL};
    const char *pointer = metric->pointer == NULL ? "" : metric->pointer;
    double at = 0;
    AUTO(json_auto) json_t *answer = json_parse(body, bytes, err);
    if (answer == NULL)
        return error_wrap(err, "its answer is not JSON");
    if (!add_values(&series, pointer_find(answer, pointer), pointer, err) ||
        !read_beside(answer, metric->samples, "samples", &series.samples, err) ||
        !read_beside(answer, metric->time, "time", &at, err))
        return false;
    series.at_us = (int64_t)(at > SECONDS_MAX ? fmin(at, 1e15) * 1e3 : at * 1e6);
    if (metric->time != NULL && series.at_us == 0)
        series.at_us = 1; /* long ago, but said */
    *ret_series = series;
    series = (RunSeries){0};
    return true;
}

bool run_answer_output(const ConfigMetric *metric, const char *output, RunSeries *ret_series,
                       Error *err)
{
    static const char BLANKS[] = " \t\r\n";
    const char *from = output + strspn(output, BLANKS);
    size_t length = strlen(from);
    while (length > 0 && strchr(BLANKS, from[length - 1]) != NULL)
        length--;
    if (length == 0) {
        *ret_series = (RunSeries){0};
        return true;
    }
    if (metric->pointer != NULL || metric->samples != NULL || metric->time != NULL)
        return run_answer_json(metric, from, length, ret_series, err);
    AUTO(run_series_done) RunSeries series = {0};
    AUTO(base_free) char *text = base_printf("%.*s", (int)(length > 1000 ? 1000 : length), from);
    if (!run_series_add(&series, text))
        return error_set(err, ERROR_INPUT, "it printed no number: %.150s", text);
    *ret_series = series;
    series = (RunSeries){0};
    return true;
}

/* ------------------------------------------------------------------ one number */

PRINTF_LIKE(2, 3) static void because(RunAnswer *answer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *answer = (RunAnswer){0};
    vsnprintf(answer->why, sizeof(answer->why), format, arguments);
    va_end(arguments);
}

static bool too_old(const RunSeries *series, int64_t now_us, int64_t stale_us, RunAnswer *answer)
{
    char text[32];
    int64_t age_us = now_us - series->at_us;
    if (series->at_us == 0 || (age_us <= stale_us && age_us >= -stale_us))
        return false;
    bool old = age_us > 0;
    duration_text((old ? age_us : -age_us) / 1000000 * 1000000, text, sizeof(text));
    because(answer, "its sample is %s %s%s", text, old ? "old" : "in the future",
            old ? "" : ": the clocks differ");
    return true;
}

static double fold(ConfigSeries how, const RunSeries *series)
{
    double result = series->values[0];
    for (size_t i = 1; i < series->count; i++) {
        double value = series->values[i];
        result = how == SERIES_MAX   ? fmax(result, value)
                 : how == SERIES_MIN ? fmin(result, value)
                                     : result + value;
    }
    return how == SERIES_AVG ? result / (double)series->count : result;
}

/* One bad series spoils the fold: max(1, NaN) is not 1. */
static bool all_finite(const RunSeries *series, RunAnswer *answer)
{
    for (size_t i = 0; i < series->count; i++) {
        double value = series->values[i];
        const char *name = isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
        if (isfinite(value))
            continue;
        if (series->count == 1)
            because(answer, "it is %s", name);
        else
            because(answer, "one of its %zu series is %s", series->count, name);
        return false;
    }
    return true;
}

static bool enough(const ConfigMetric *metric, const RunSeries *series, RunAnswer *answer)
{
    if (metric->min_samples == 0 ||
        (series->has_samples && series->samples >= (double)metric->min_samples))
        return true;
    if (!series->has_samples)
        because(answer, "it does not say on how many samples it rests; min_samples is %lld",
                (long long)metric->min_samples);
    else
        because(answer, "it rests on %.15g samples; %lld are needed", series->samples,
                (long long)metric->min_samples);
    return false;
}

void run_answer_fold(const ConfigMetric *metric, const RunSeries *series, int64_t now_us,
                     int64_t stale_us, RunAnswer *ret_answer)
{
    *ret_answer = (RunAnswer){.has_value = true, .value = metric->empty};
    if (series->count == 0 && metric->has_empty)
        return;
    if (series->count == 0) {
        because(ret_answer, "nothing was answered");
        return;
    }
    if (series->count > 1 && metric->series == SERIES_ONE) {
        because(ret_answer, "%zu series were answered: one was expected (or give series: max)",
                series->count);
        return;
    }
    if (too_old(series, now_us, stale_us, ret_answer) || !all_finite(series, ret_answer) ||
        !enough(metric, series, ret_answer))
        return;
    double value = fold(metric->series, series);
    if (isfinite(value))
        *ret_answer = (RunAnswer){.has_value = true, .value = value};
    else
        because(ret_answer, "its series add up to infinity");
}
