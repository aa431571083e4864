/* Asking metrics. Each that is not SQL has a fiber of its own, so that the slowest decides how long
 * it takes, not their sum; SQL goes one after the other over one connection a target. */
#include "run/metric.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/http.h"
#include "ledger/call.h"
#include "run/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clocks of two machines may differ by the second. */
enum { STALE_INTERVALS = 3, STALE_LEAST_US = 10 * 1000 * 1000, CONNECTIONS_MAX = 16 };

typedef struct Connection {
    const ConfigTarget *target;
    DbConn *conn;
} Connection;

struct RunMetrics {
    Run *run;
    const PlanNode *node;
    RunMetric items[RUN_METRICS_MAX];
    size_t count;
    Connection connections[CONNECTIONS_MAX];
    size_t connections_count;
    size_t asking; /* fibers that are not back yet */
    FiberEvent answered;
};

/* What one fiber works on. */
typedef struct Ask {
    RunMetrics *metrics;
    RunMetric *item;
    Fiber *fiber;
} Ask;

RunMetrics *run_metrics_new(Run *run, const PlanNode *node)
{
    RunMetrics *metrics = base_alloc(sizeof(*metrics));
    metrics->run = run;
    metrics->node = node;
    return metrics;
}

void run_metrics_free(RunMetrics *metrics)
{
    for (size_t i = 0; metrics != NULL && i < metrics->connections_count; i++)
        db_close(metrics->connections[i].conn);
    free(metrics);
}

const RunMetric *run_metrics_find(RunMetrics *metrics, const char *name)
{
    const ConfigMetric *metric = config_metric(metrics->run->options.config, name);
    for (size_t i = 0; i < metrics->count; i++) {
        if (metrics->items[i].metric == metric)
            return &metrics->items[i];
    }
    if (metric == NULL || metrics->count == RUN_METRICS_MAX)
        return NULL;
    RunMetric *item = &metrics->items[metrics->count++];
    *item = (RunMetric){.metric = metric};
    snprintf(item->answer.why, sizeof(item->answer.why), "it was not asked yet");
    return item;
}

/* ------------------------------------------------------------------ sources */

/* Names without a schema mean what they mean to the target's role. */
static bool connect_to(Run *run, const ConfigTarget *target, DbConn **ret_conn, Error *err)
{
    AUTO(db_result_auto) DbResult *path = NULL;
    return config_target_ready(target, err) && run_connect(run, target, true, ret_conn, err) &&
           ledger_call(*ret_conn, "search_path_default", NULL, &path, err) &&
           db_query(*ret_conn, "SELECT pg_catalog.set_config('search_path', $1, false)",
                    DB_PARAMS(db_value(path, 0, 0)), NULL, err);
}

static bool set_timeout(DbConn *conn, const ConfigMetric *metric, Error *err)
{
    char timeout[32];
    snprintf(timeout, sizeof(timeout), "%lld", (long long)(metric->timeout_us / 1000));
    return db_query(conn, "SELECT pg_catalog.set_config('statement_timeout', $1, false)",
                    DB_PARAMS(timeout), NULL, err);
}

/* A session that somebody ended says nothing about the metric: that is noticed here, before it is
 * asked, and it is asked over a new one. */
static bool ready(Run *run, Connection *own, const ConfigMetric *metric, Error *err)
{
    Error lost = {0};
    if (own->conn != NULL && db_usable(own->conn) && set_timeout(own->conn, metric, &lost))
        return true;
    db_close(own->conn);
    own->conn = NULL;
    if (connect_to(run, own->target, &own->conn, err) && set_timeout(own->conn, metric, err))
        return true;
    db_close(own->conn);
    own->conn = NULL;
    return false;
}

static bool connection_of(RunMetrics *metrics, const ConfigMetric *metric, DbConn **ret_conn,
                          Error *err)
{
    Run *run = metrics->run;
    const char *name = metric->target;
    const ConfigTarget *target =
        name == NULL ? run->options.target : config_target(run->options.environment, name);
    if (target == NULL)
        return error_set(err, ERROR_INPUT, "target \"%s\" is not there", name);
    Connection *own = metrics->connections;
    while (own < metrics->connections + metrics->connections_count && own->target != target)
        own++;
    if (own == metrics->connections + CONNECTIONS_MAX)
        return error_set(err, ERROR_INPUT, "more than %d targets", CONNECTIONS_MAX);
    if (own == metrics->connections + metrics->connections_count) {
        *own = (Connection){.target = target};
        metrics->connections_count++;
    }
    if (!ready(run, own, metric, err))
        return false;
    *ret_conn = own->conn;
    return true;
}

static bool read_rows(const DbResult *rows, RunSeries *ret_series, Error *err)
{
    if (db_columns(rows) < 1 || db_columns(rows) > 2)
        return error_set(err, ERROR_INPUT,
                         "it gave %d columns: the number, and at most the number of samples",
                         db_columns(rows));
    ret_series->has_samples = db_columns(rows) == 2;
    for (int i = 0; i < db_rows(rows); i++) {
        if (db_is_null(rows, i, 0))
            continue; /* as no row */
        if (!run_series_add(ret_series, db_value(rows, i, 0)))
            return error_set(err, ERROR_INPUT, "\"%.100s\" is no number", db_value(rows, i, 0));
        if (ret_series->has_samples && !db_is_null(rows, i, 1))
            ret_series->samples += strtod(db_value(rows, i, 1), NULL);
    }
    return true;
}

static bool ask_sql(const Ask *ask, RunSeries *ret_series, Error *err)
{
    const ConfigMetric *metric = ask->item->metric;
    DbConn *conn = NULL;
    AUTO(db_result_auto) DbResult *rows = NULL;
    if (!connection_of(ask->metrics, metric, &conn, err))
        return false;
    /* Rolled back, so that a function of the application leaves no setting for the next look: the
     * session is read only by a setting too. */
    bool ok = db_begin_snapshot(conn, err) && db_query(conn, metric->sql, NULL, &rows, err) &&
              read_rows(rows, ret_series, err);
    db_rollback(conn);
    return ok;
}

/* The url, its headers and how long: a request of run/act.h. */
static json_t *request_of(const ConfigMetric *metric, const char *url)
{
    char timeout[32];
    json_t *request = json_object();
    snprintf(timeout, sizeof(timeout), "%lldms", (long long)(metric->timeout_us / 1000));
    json_set_string(request, "url", url);
    json_set_string(request, "timeout", timeout);
    if (metric->headers != NULL)
        json_object_set(request, "headers", (json_t *)(uintptr_t)metric->headers);
    return request;
}

static bool get(const Ask *ask, const char *url, HttpResponse *ret_response, Error *err)
{
    AUTO(json_auto) json_t *request = request_of(ask->item->metric, url);
    return run_act_http(ask->metrics->run, &(RunActHttp){.ask = request, .method = "GET"},
                        ret_response, err);
}

static const char *query_url(Arena *arena, const char *base, const char *query)
{
    Text url;
    size_t length = strlen(base);
    text_init(&url, 64 * 1024);
    while (length > 0 && base[length - 1] == '/')
        length--;
    text_append_bytes(&url, base, length);
    text_append(&url, "/api/v1/query?query=");
    text_append_encoded(&url, query);
    const char *copy = arena_strdup(arena, text_string(&url));
    text_done(&url);
    return copy;
}

static bool query_prometheus(const Ask *ask, const char *query, RunSeries *ret_series, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(http_response_done) HttpResponse response = {0};
    if (!get(ask, query_url(arena, ask->item->metric->url, query), &response, err))
        return false;
    if (run_answer_prometheus(response.body, response.body_bytes, ret_series, err))
        return true;
    return response.status / 100 == 2 ? false : error_wrap(err, "status %d", response.status);
}

static bool ask_prometheus(const Ask *ask, RunSeries *ret_series, Error *err)
{
    const ConfigMetric *metric = ask->item->metric;
    AUTO(run_series_done) RunSeries samples = {0};
    if (!query_prometheus(ask, metric->query, ret_series, err))
        return false;
    if (metric->samples == NULL)
        return true;
    if (!query_prometheus(ask, metric->samples, &samples, err))
        return error_wrap(err, "samples");
    ret_series->has_samples = true;
    for (size_t i = 0; i < samples.count; i++)
        ret_series->samples += samples.values[i];
    return true;
}

static bool ask_http(const Ask *ask, RunSeries *ret_series, Error *err)
{
    const ConfigMetric *metric = ask->item->metric;
    AUTO(http_response_done) HttpResponse response = {0};
    if (!get(ask, metric->url, &response, err))
        return false;
    if (response.status / 100 != 2)
        return error_set(err, ERROR_INTERNAL, "status %d: %.120s", response.status, response.body);
    return run_answer_json(metric, response.body, response.body_bytes, ret_series, err);
}

static bool ask_command(const Ask *ask, RunSeries *ret_series, Error *err)
{
    const ConfigMetric *metric = ask->item->metric;
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *detail = json_object();
    AUTO(base_free) char *output = NULL;
    int code = 0;
    size_t number = (size_t)(ask->item - ask->metrics->items);
    RunActExec exec = {.argv = metric->argv,
                       .env = metric->env,
                       .timeout_us = metric->timeout_us,
                       .folder = arena_printf(arena, "metric-%zu", number),
                       .ret_stdout = &output};
    if (!run_act_exec(ask->metrics->run, ask->metrics->node, &exec, &code, detail, err))
        return false;
    if (code != 0)
        return error_set(err, ERROR_INTERNAL, "it ended with exit code %d: %.120s", code,
                         json_get_string(detail, "output", ""));
    return run_answer_output(metric, output, ret_series, err);
}

typedef bool AskSource(const Ask *ask, RunSeries *ret_series, Error *err);

static AskSource *const SOURCES[METRIC_SOURCES] = {
    [METRIC_SQL] = ask_sql,
    [METRIC_PROMETHEUS] = ask_prometheus,
    [METRIC_HTTP] = ask_http,
    [METRIC_COMMAND] = ask_command,
};

/* ------------------------------------------------------------------ asking */

static int64_t interval_of(const RunMetrics *metrics, const ConfigMetric *metric)
{
    int64_t guards_us = metrics->run->options.environment->guard_interval_us;
    return metric->interval_us > guards_us ? metric->interval_us : guards_us;
}

static int64_t stale_of(const RunMetrics *metrics, const ConfigMetric *metric)
{
    int64_t stale_us = STALE_INTERVALS * interval_of(metrics, metric);
    return stale_us > STALE_LEAST_US ? stale_us : STALE_LEAST_US;
}

static void ask_one(const Ask *ask)
{
    AUTO(run_series_done) RunSeries series = {0};
    RunMetric *item = ask->item;
    Error err = {0};
    if (SOURCES[item->metric->source](ask, &series, &err)) {
        run_answer_fold(item->metric, &series, clock_wall_us(),
                        stale_of(ask->metrics, item->metric), &item->answer);
    } else {
        item->answer = (RunAnswer){0};
        snprintf(item->answer.why, sizeof(item->answer.why), "%.*s", RUN_ANSWER_WHY_BYTES - 1,
                 err.message);
    }
    log_redact(item->answer.why);
    if (!item->answer.has_value)
        log_debug("metric %s: %s", item->metric->name, item->answer.why);
}

static void ask_main(void *arg)
{
    Ask *ask = arg;
    ask_one(ask);
    ask->fiber = NULL;
    ask->metrics->asking--;
    fiber_event_broadcast(&ask->metrics->answered);
}

/* Their requests have timeouts; a fiber that is cancelled takes those it waits for with it. */
static void wait_for(RunMetrics *metrics, const Ask *asks, size_t count)
{
    bool cancelled = false;
    while (metrics->asking > 0) {
        unsigned seen = metrics->answered.broadcasts;
        if (!cancelled && fiber_cancelled()) {
            cancelled = true;
            for (size_t i = 0; i < count; i++) {
                if (asks[i].fiber != NULL)
                    fiber_cancel(asks[i].fiber);
            }
        }
        bool before = fiber_shield(cancelled);
        (void)fiber_event_wait_beyond(&metrics->answered, seen, -1);
        (void)fiber_shield(before);
    }
}

/* A metric without an interval of its own is asked at each look: the looks are as far apart. */
static bool is_due(const RunMetrics *metrics, const RunMetric *item, int64_t now_us)
{
    enum { EARLY_US = 200000 }; /* a look that comes a little early need not wait for the next */
    bool own = interval_of(metrics, item->metric) == item->metric->interval_us;
    return item->asked_us == 0 || !own ||
           now_us - item->asked_us >= item->metric->interval_us - EARLY_US;
}

void run_metrics_ask(RunMetrics *metrics)
{
    int64_t now_us = clock_monotonic_us();
    Ask asks[RUN_METRICS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < metrics->count; i++) {
        RunMetric *item = &metrics->items[i];
        item->fresh = is_due(metrics, item, now_us);
        if (!item->fresh)
            continue;
        item->asked_us = now_us;
        asks[count] = (Ask){.metrics = metrics, .item = item};
        if (item->metric->source != METRIC_SQL) {
            metrics->asking++;
            asks[count].fiber =
                fiber_start(metrics->run->loop, item->metric->name, ask_main, &asks[count]);
            count++;
        }
    }
    for (size_t i = 0; i < metrics->count; i++) {
        if (metrics->items[i].fresh && metrics->items[i].metric->source == METRIC_SQL)
            ask_one(&(Ask){.metrics = metrics, .item = &metrics->items[i]});
    }
    wait_for(metrics, asks, count);
}
