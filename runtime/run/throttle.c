/* Two fibers: one looks at the server and decides, one asks metrics, which may take their time. The
 * first has a connection of its own, so that nothing it waits for holds up the engine. */
#include "run/throttle.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/health.h"
#include "data/staffing.h"
#include "run/control.h"
#include "run/metric.h"
#include "run/seen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 500,
    METRICS_MS = 1000,
    TELL_LEAST_US = 2000000,
    LOOK_TIMEOUT_MS = 3000,
};

/* A metric's answer, with how often it has been asked. */
typedef struct Steer {
    const Threshold *threshold;
    const RunMetric *metric;
    double factor; /* from the metric's unit to the threshold's */
    unsigned asked;
    unsigned looked; /* asked at the last look */
} Steer;

struct RunThrottle {
    Run *run;
    const PlanNode *node;
    const ConfigThrottle *limits;
    Arena *arena;
    DbConn *conn; /* NULL: it was lost, another is tried */
    DataHealth *health;
    unsigned relation;
    DataPace pace;
    DataThrottle row;
    int wanted;  /* workers, were there no pace; 0 = not known yet */
    int joined;  /* beside them */
    int workers; /* that there are to be */
    DataSignal signals[PACE_SIGNALS_MAX];
    size_t signals_count;
    Steer *steers;
    size_t steers_count;
    RunMetrics *metrics;
    int64_t written_us;
    int64_t told_us;
    DataPaceState told_state;
    double told_duty;
    bool stopping;
    int fibers;
    FiberEvent wake;
};

/* ------------------------------------------------------------------ looking */

static void add_steers(RunThrottle *throttle)
{
    for (size_t i = 0; i < throttle->steers_count; i++) {
        Steer *steer = &throttle->steers[i];
        if (throttle->signals_count == PACE_SIGNALS_MAX)
            return;
        DataSignal *signal = &throttle->signals[throttle->signals_count++];
        const RunAnswer *answer = &steer->metric->answer;
        *signal = (DataSignal){.value = answer->value * steer->factor,
                               .limit = steer->threshold->limit,
                               .unit = steer->threshold->unit,
                               .known = answer->has_value,
                               .steers = true,
                               .fresh = steer->asked != steer->looked};
        snprintf(signal->name, sizeof(signal->name), "%.90s", steer->threshold->metric);
        snprintf(signal->why, sizeof(signal->why), "%.150s", answer->why);
        steer->looked = steer->asked;
    }
}

/* By the name that the plan uses, found as its SQL would find it. */
static bool find_relation(RunThrottle *throttle, const char *relation, Error *err)
{
    AUTO(db_result_auto) DbResult *row = NULL;
    if (!db_query(throttle->conn, "SELECT pg_catalog.to_regclass($1)::oid", DB_PARAMS(relation),
                  &row, err))
        return false;
    throttle->relation = (unsigned)db_int(row, 0, 0);
    return true;
}

static bool connect_again(RunThrottle *throttle, Error *err)
{
    if (throttle->conn != NULL && db_usable(throttle->conn))
        return true;
    db_close(throttle->conn);
    throttle->conn = NULL;
    ConfigTarget target = *throttle->run->options.target;
    target.statement_timeout_ms = LOOK_TIMEOUT_MS;
    return run_connect_as_plan(throttle->run, &target, false, &throttle->conn, err);
}

static void look(RunThrottle *throttle)
{
    Error err = {0};
    int64_t now_us = clock_monotonic_us();
    if (!data_health_look(throttle->health, throttle->conn, now_us, throttle->signals,
                          &throttle->signals_count, &err))
        log_debug("health: %s", err.message);
    add_steers(throttle);
    throttle->pace.most = throttle->row.most;
    data_pace_look(&throttle->pace, throttle->signals, throttle->signals_count, now_us);
}

/* ------------------------------------------------------------------ writing and telling */

static bool write_row(RunThrottle *throttle, bool changed, Error *err)
{
    int64_t now_us = clock_monotonic_us();
    double each = throttle->wanted == 0
                      ? throttle->pace.duty
                      : data_staffing_each(throttle->wanted, throttle->joined, throttle->workers,
                                           throttle->pace.duty);
    bool moved = fabs(throttle->pace.duty - throttle->row.duty) > 0.001 ||
                 fabs(each - throttle->row.each) > 0.001;
    if (!moved && !changed && throttle->written_us > 0 &&
        now_us - throttle->written_us < THROTTLE_RENEW_MS * 1000)
        return true;
    throttle->row.duty = throttle->pace.duty;
    throttle->row.each = each;
    bool ok = data_throttle_write(throttle->conn, throttle->run->id, throttle->run->epoch,
                                  throttle->node->path, &throttle->row, err);
    throttle->written_us = ok ? now_us : 0; /* else again at the next look: it may be a pause */
    return ok;
}

static json_t *signals_json(const RunThrottle *throttle)
{
    json_t *list = json_array();
    for (size_t i = 0; i < throttle->signals_count; i++) {
        const DataSignal *signal = &throttle->signals[i];
        json_t *item = json_object();
        json_set_string(item, "name", signal->name);
        json_object_set_new(item, "value", signal->known ? json_real(signal->value) : json_null());
        json_object_set_new(item, "limit", json_real(signal->limit));
        json_set_string(item, "unit", signal->unit);
        json_array_append_new(list, item);
    }
    return list;
}

static void tell(RunThrottle *throttle, bool changed)
{
    const DataPace *pace = &throttle->pace;
    int64_t now_us = clock_monotonic_us();
    bool other = pace->state != throttle->told_state;
    bool moved = fabs(pace->duty - throttle->told_duty) >= 0.1;
    if (!other && !changed && !(moved && now_us - throttle->told_us >= TELL_LEAST_US))
        return;
    AUTO(json_auto) json_t *data = json_object();
    json_set_string(data, "state", data_pace_state_name(pace->state));
    json_object_set_new(data, "duty", json_real(pace->duty));
    json_object_set_new(data, "most", json_real(throttle->row.most));
    json_set_int(data, "batch_us", throttle->row.batch_us);
    json_set_int(data, "pause_us", throttle->row.pause_us);
    json_set_int(data, "workers", throttle->row.workers);
    json_set_string(data, "why", pace->why);
    json_set_string(data, "until", pace->until);
    json_object_set_new(data, "signals", signals_json(throttle));
    run_tell(throttle->run, "step.throttle", throttle->node->path, data);
    if (other)
        log_info("%s: %s %s", throttle->node->path, data_pace_state_name(pace->state), pace->why);
    throttle->told_us = now_us;
    throttle->told_state = pace->state;
    throttle->told_duty = pace->duty;
}

/* ------------------------------------------------------------------ what people ask for */

/* One request to tune; what it does not name stays. False when it is about another step. */
static bool tune(RunThrottle *throttle, const json_t *request)
{
    const json_t *body = json_object_get(request, "body");
    const char *path = json_get_string(body, "path", throttle->node->path);
    if (!text_equal(path, throttle->node->path))
        return false;
    DataThrottle *row = &throttle->row;
    row->most = json_get_number(body, "speed", row->most * 100) / 100;
    row->batch_us = json_get_int(body, "batch_us", row->batch_us);
    row->pause_us = json_get_int(body, "pause_us", row->pause_us);
    row->workers = (int)json_get_int(body, "workers", row->workers);
    return true;
}

/* The control fiber marks a request as handled only after its row is written: see run->tuned. */
static bool tune_all(RunThrottle *throttle, json_t *requests)
{
    bool changed = false;
    size_t i = 0;
    json_t *request = NULL;
    json_array_foreach (requests, i, request) {
        if (run_seen_has(throttle->run->tuned, request))
            continue;
        bool ours = tune(throttle, request);
        AUTO(json_auto) json_t *data = run_control_told(request);
        if (!ours)
            json_set_string(data, "why", "that step is not at work");
        ledger_events_add(throttle->run->events, "request", json_get_int(request, "id", 0),
                          "request", throttle->node->path, data);
        changed = true;
    }
    return changed;
}

/* ------------------------------------------------------------------ fibers */

static void fiber_ended(RunThrottle *throttle)
{
    throttle->fibers--;
    fiber_event_broadcast(&throttle->wake);
}

static bool turn(RunThrottle *throttle, Error *err)
{
    size_t i = 0;
    json_t *request = NULL;
    if (!connect_again(throttle, err))
        return false;
    AUTO(json_auto) json_t *requests = json_incref(throttle->run->tunes); /* others are read on */
    bool changed = tune_all(throttle, requests);
    look(throttle);
    if (!write_row(throttle, changed, err))
        return false;
    json_array_foreach (requests, i, request)
        run_seen_add(throttle->run->tuned, request);
    tell(throttle, changed);
    return true;
}

/* What goes wrong here is no reason to fail the step: workers stop by themselves when nobody renews
 * the row, and the engine's own connection tells what is wrong with the target. */
static void look_main(void *arg)
{
    RunThrottle *throttle = arg;
    while (!throttle->stopping) {
        Error err = {0};
        if (!turn(throttle, &err))
            log_debug("throttle: %s", err.message);
        if (err.kind == ERROR_FENCED)
            break;
        if (!throttle->stopping)
            fiber_event_wait(&throttle->wake, LOOK_MS);
    }
    fiber_ended(throttle);
}

static void metrics_main(void *arg)
{
    RunThrottle *throttle = arg;
    while (!throttle->stopping) {
        run_metrics_ask(throttle->metrics);
        for (size_t i = 0; i < throttle->steers_count; i++)
            throttle->steers[i].asked += throttle->steers[i].metric->fresh;
        int64_t until_us = clock_monotonic_us() + METRICS_MS * 1000LL;
        while (!throttle->stopping && clock_monotonic_us() < until_us)
            fiber_event_wait(&throttle->wake, METRICS_MS);
    }
    fiber_ended(throttle);
}

/* ------------------------------------------------------------------ start and stop */

static bool open_metrics(RunThrottle *throttle, Error *err)
{
    const ConfigThrottle *limits = throttle->limits;
    Run *run = throttle->run;
    if (limits->metrics_count == 0)
        return true;
    throttle->metrics = run_metrics_new(run, throttle->node);
    throttle->steers = arena_alloc(throttle->arena, limits->metrics_count * sizeof(Steer));
    for (size_t i = 0; i < limits->metrics_count; i++) {
        const Threshold *threshold = &limits->metrics[i];
        const RunMetric *metric = run_metrics_find(throttle->metrics, threshold->metric);
        Steer *steer = &throttle->steers[throttle->steers_count];
        if (metric == NULL ||
            !threshold_convert(metric->metric->unit, threshold->unit, &steer->factor))
            return error_set(err, ERROR_INPUT, "throttle: metric \"%s\" cannot be asked",
                             threshold->metric);
        steer->threshold = threshold;
        steer->metric = metric;
        throttle->steers_count++;
    }
    return true;
}

static bool open_throttle(RunThrottle *throttle, const char *relation, Error *err)
{
    Run *run = throttle->run;
    DataHealthOptions options = {.throttle = throttle->limits, .run = run->id};
    if (!connect_again(throttle, err) || !find_relation(throttle, relation, err) ||
        !open_metrics(throttle, err) ||
        !data_throttle_read(throttle->conn, run->id_text, throttle->node->path, &throttle->row,
                            NULL, err))
        return false;
    data_pace_init(&throttle->pace, throttle->row.duty, clock_monotonic_us());
    throttle->told_state = throttle->pace.state;
    if (throttle->steers_count > 0)
        data_pace_begin_slowly(&throttle->pace);
    throttle->told_duty = throttle->pace.duty;
    options.relation = throttle->relation;
    throttle->health = data_health_new(&options);
    return turn(throttle, err);
}

bool run_throttle_start(Run *run, const PlanNode *node, const char *relation,
                        RunThrottle **ret_throttle, Error *err)
{
    RunThrottle *throttle = base_alloc(sizeof(*throttle));
    *throttle = (RunThrottle){
        .run = run, .node = node, .limits = &run->options.target->throttle, .arena = arena_new()};
    if (!open_throttle(throttle, relation, err)) {
        run_throttle_stop(throttle);
        return false;
    }
    throttle->fibers = throttle->metrics == NULL ? 1 : 2;
    fiber_start(run->loop, "throttle", look_main, throttle);
    if (throttle->metrics != NULL)
        fiber_start(run->loop, "throttle metrics", metrics_main, throttle);
    *ret_throttle = throttle;
    return true;
}

void run_throttle_stop(RunThrottle *throttle)
{
    if (throttle == NULL)
        return;
    bool shielded = fiber_shield(true); /* the fibers use our memory */
    throttle->stopping = true;
    fiber_event_broadcast(&throttle->wake);
    while (throttle->fibers > 0)
        fiber_event_wait(&throttle->wake, -1);
    fiber_shield(shielded);
    run_metrics_free(throttle->metrics);
    data_health_free(throttle->health);
    db_close(throttle->conn);
    arena_free(throttle->arena);
    base_free(&throttle);
}

void run_throttle_staff(RunThrottle *throttle, DataTurn *turn)
{
    int asked = throttle->row.workers;
    int wanted = asked > 0 ? asked : turn->workers;
    int now = throttle->wanted == 0 ? wanted : throttle->workers;
    bool ours = asked == 0 && !turn->said;
    turn->workers =
        ours ? data_staffing_slowed(wanted, turn->joined, now, throttle->pace.duty) : wanted;
    turn->held = asked > 0 || throttle->pace.duty < 1;
    bool changed = turn->workers != throttle->workers || turn->joined != throttle->joined ||
                   wanted != throttle->wanted;
    throttle->wanted = wanted;
    throttle->joined = turn->joined;
    throttle->workers = turn->workers;
    if (changed) /* each has another part to do */
        fiber_event_broadcast(&throttle->wake);
}

bool run_throttle_turn(RunThrottle *throttle, Error *err)
{
    Run *run = throttle->run;
    const DataPace *pace = &throttle->pace;
    bool rests = pace->state == PACE_PAUSED;
    if (rests && run->state == RUN_RUNNING) {
        AUTO(json_auto)
        json_t *reason =
            run_reason("throttle", throttle->node->path, NULL, "%s; %s", pace->why, pace->until);
        return run_apply(run, RUN_EVENT_THROTTLE, throttle->node->path, reason, err);
    }
    if (!rests && run->state == RUN_THROTTLED)
        return run_apply(run, RUN_EVENT_GO, throttle->node->path, NULL, err);
    return true;
}
