/* What metrics answer: every odd answer is no data with its reason, never a good number. */
#include "run/answer.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NOW_S = 1700000000, STALE_S = 45 };
static const int64_t SECOND_US = 1000000;

/* One answer and what it must become: a number, or a reason that holds why. */
typedef struct Case {
    const char *name;
    const char *answer;
    ConfigMetric metric;
    const char *why; /* NULL: it is value */
    double value;
} Case;

static RunAnswer read_case(const Case *item)
{
    AUTO(run_series_done) RunSeries series = {0};
    RunAnswer answer = {0};
    Error err = {0};
    bool ok =
        item->metric.source == METRIC_PROMETHEUS
            ? run_answer_prometheus(item->answer, strlen(item->answer), &series, &err)
        : item->metric.source == METRIC_COMMAND
            ? run_answer_output(&item->metric, item->answer, &series, &err)
            : run_answer_json(&item->metric, item->answer, strlen(item->answer), &series, &err);
    if (ok)
        run_answer_fold(&item->metric, &series, NOW_S * SECOND_US, STALE_S * SECOND_US, &answer);
    else
        snprintf(answer.why, sizeof(answer.why), "%.200s", err.message);
    return answer;
}

static void check_cases(const Case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Case *item = &cases[i];
        RunAnswer answer = read_case(item);
        if (item->why == NULL && (!answer.has_value || fabs(answer.value - item->value) > 1e-9))
            fail_msg("%s: expected %g, got %g (%s)", item->name, item->value, answer.value,
                     answer.why);
        if (item->why != NULL && (answer.has_value || strstr(answer.why, item->why) == NULL))
            fail_msg("%s: expected \"%s\", got %g \"%s\"", item->name, item->why, answer.value,
                     answer.why);
    }
}

#define VECTOR(points)                                                                             \
    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" points "]}}"
#define POINT(value) "{\"metric\":{},\"value\":[1700000000.5,\"" value "\"]}"
#define PROM .source = METRIC_PROMETHEUS

static const Case PROMETHEUS_CASES[] = {
    {"a vector of one", VECTOR(POINT("0.25")), {PROM}, NULL, 0.25},
    {"a scalar",
     "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1700000000,\"7\"]"
     "}}",
     {PROM},
     NULL,
     7},
    {"NaN", VECTOR(POINT("NaN")), {PROM}, "it is NaN", 0},
    {"+Inf", VECTOR(POINT("+Inf")), {PROM}, "it is +Inf", 0},
    {"-Inf", VECTOR(POINT("-Inf")), {PROM}, "it is -Inf", 0},
    {"no series", VECTOR(""), {PROM}, "nothing was answered", 0},
    {"no series counts as", VECTOR(""), {PROM, .has_empty = true, .empty = 3}, NULL, 3},
    {"NaN is not empty", VECTOR(POINT("NaN")), {PROM, .has_empty = true}, "it is NaN", 0},
    {"two series", VECTOR(POINT("1") "," POINT("2")), {PROM}, "2 series were answered", 0},
    {"max", VECTOR(POINT("1") "," POINT("2")), {PROM, .series = SERIES_MAX}, NULL, 2},
    {"min", VECTOR(POINT("1") "," POINT("2")), {PROM, .series = SERIES_MIN}, NULL, 1},
    {"sum", VECTOR(POINT("1") "," POINT("2")), {PROM, .series = SERIES_SUM}, NULL, 3},
    {"avg", VECTOR(POINT("1") "," POINT("2")), {PROM, .series = SERIES_AVG}, NULL, 1.5},
    {"a NaN among others",
     VECTOR(POINT("1") "," POINT("NaN")),
     {PROM, .series = SERIES_MAX},
     "one of its 2 series is NaN",
     0},
    {"infinite sum",
     VECTOR(POINT("1e308") "," POINT("1e308")),
     {PROM, .series = SERIES_SUM},
     "infinity",
     0},
    {"hexadecimal", VECTOR(POINT("0x10")), {PROM}, "without time and number", 0},
    {"an error",
     "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}",
     {PROM},
     "bad_data: parse error",
     0},
    {"a range",
     "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
     {PROM},
     "gives a matrix",
     0},
    {"a histogram",
     VECTOR("{\"metric\":{},\"histogram\":[1700000000,{}]}"),
     {PROM},
     "histograms",
     0},
    {"a part is missing",
     "{\"status\":\"success\",\"warnings\":[\"store 2 is down\"],\"data\":{\"resultType\":"
     "\"vector\",\"result\":[" POINT("1") "]}}",
     {PROM},
     "it warns: store 2 is down",
     0},
    {"a remark on style",
     "{\"status\":\"success\",\"warnings\":[\"PromQL info: not a counter\"],\"data\":{"
     "\"resultType\":\"vector\",\"result\":[" POINT("1") "]}}",
     {PROM},
     NULL,
     1},
    {"stale", VECTOR("{\"value\":[1699999900,\"1\"]}"), {PROM}, "its sample is 1m40s old", 0},
    {"from the future", VECTOR("{\"value\":[1700000100,\"1\"]}"), {PROM}, "clocks differ", 0},
    {"not JSON", "<html>502</html>", {PROM}, "not JSON", 0},
    {"another API", "{\"ok\":true}", {PROM}, "not that of a Prometheus query", 0},
};

static void what_prometheus_answers(void **state)
{
    UNUSED(state);
    check_cases(PROMETHEUS_CASES, COUNT_OF(PROMETHEUS_CASES));
}

#define HTTP .source = METRIC_HTTP

static const Case HTTP_CASES[] = {
    {"a number", "{\"cpu\":12.5}", {HTTP, .pointer = "/cpu"}, NULL, 12.5},
    {"all of it", "42", {HTTP}, NULL, 42},
    {"a numeric text", "{\"cpu\":\"12.5\"}", {HTTP, .pointer = "/cpu"}, NULL, 12.5},
    {"a text", "{\"cpu\":\"high\"}", {HTTP, .pointer = "/cpu"}, "is a text, not a number", 0},
    {"a boolean", "{\"cpu\":true}", {HTTP, .pointer = "/cpu"}, "is a boolean", 0},
    {"an object", "{\"cpu\":{}}", {HTTP, .pointer = "/cpu"}, "is an object", 0},
    {"null", "{\"cpu\":null}", {HTTP, .pointer = "/cpu"}, "nothing was answered", 0},
    {"null counts as", "{\"cpu\":null}", {HTTP, .pointer = "/cpu", .has_empty = true}, NULL, 0},
    {"nothing there",
     "{}",
     {HTTP, .pointer = "/cpu", .has_empty = true},
     "has nothing at \"/cpu\"",
     0},
    {"a list", "{\"cpu\":[1,2,3]}", {HTTP, .pointer = "/cpu"}, "3 series were answered", 0},
    {"the largest", "{\"cpu\":[1,9,3]}", {HTTP, .pointer = "/cpu", .series = SERIES_MAX}, NULL, 9},
    {"an empty list", "{\"cpu\":[]}", {HTTP, .pointer = "/cpu"}, "nothing was answered", 0},
    {"NaN as a text", "{\"cpu\":\"NaN\"}", {HTTP, .pointer = "/cpu"}, "it is NaN", 0},
    {"NaN as a token", "{\"cpu\":NaN}", {HTTP, .pointer = "/cpu"}, "not JSON", 0},
    {"enough samples",
     "{\"v\":1,\"n\":10}",
     {HTTP, .pointer = "/v", .samples = "/n", .min_samples = 10},
     NULL,
     1},
    {"too few samples",
     "{\"v\":1,\"n\":9}",
     {HTTP, .pointer = "/v", .samples = "/n", .min_samples = 10},
     "rests on 9 samples; 10 are needed",
     0},
    {"no samples said",
     "{\"v\":1}",
     {HTTP, .pointer = "/v", .samples = "/n", .min_samples = 10},
     "no number at \"/n\"",
     0},
    {"fresh", "{\"v\":1,\"at\":1699999970}", {HTTP, .pointer = "/v", .time = "/at"}, NULL, 1},
    {"fresh, in milliseconds",
     "{\"v\":1,\"at\":1699999970000}",
     {HTTP, .pointer = "/v", .time = "/at"},
     NULL,
     1},
    {"stale",
     "{\"v\":1,\"at\":1699999000}",
     {HTTP, .pointer = "/v", .time = "/at"},
     "its sample is 16m40s old",
     0},
    {"never measured", "{\"v\":1,\"at\":0}", {HTTP, .pointer = "/v", .time = "/at"}, "old", 0},
};

static void what_http_answers(void **state)
{
    UNUSED(state);
    check_cases(HTTP_CASES, COUNT_OF(HTTP_CASES));
}

#define COMMAND .source = METRIC_COMMAND

static const Case COMMAND_CASES[] = {
    {"a number", "17.5\n", {COMMAND}, NULL, 17.5},
    {"blanks around it", "  -3e2 \r\n", {COMMAND}, NULL, -300},
    {"nothing", "\n", {COMMAND}, "nothing was answered", 0},
    {"nothing counts as", "", {COMMAND, .has_empty = true}, NULL, 0},
    {"words", "load is 3", {COMMAND}, "it printed no number: load is 3", 0},
    {"two numbers", "1\n2\n", {COMMAND}, "it printed no number", 0},
    {"NaN", "NaN", {COMMAND}, "it is NaN", 0},
    {"JSON", "{\"load\":[1,2]}", {COMMAND, .pointer = "/load/1"}, NULL, 2},
    {"not JSON", "2", {COMMAND, .pointer = "/load"}, "nothing at \"/load\"", 0},
};

static void what_programs_print(void **state)
{
    UNUSED(state);
    check_cases(COMMAND_CASES, COUNT_OF(COMMAND_CASES));
}

static void a_source_that_cannot_say_how_many(void **state)
{
    UNUSED(state);
    AUTO(run_series_done) RunSeries series = {0};
    RunAnswer answer = {0};
    assert_true(run_series_add(&series, "0.5"));
    run_answer_fold(&(ConfigMetric){.min_samples = 5}, &series, 0, 0, &answer);
    assert_false(answer.has_value);
    assert_non_null(strstr(answer.why, "min_samples is 5"));
    assert_false(run_series_add(&series, "1 "));
    assert_false(run_series_add(&series, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_prometheus_answers),
        cmocka_unit_test(what_http_answers),
        cmocka_unit_test(what_programs_print),
        cmocka_unit_test(a_source_that_cannot_say_how_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
