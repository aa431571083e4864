/* Starting runners: for runs that somebody starts here, and for runs that nobody drives (a runner
 * died, or a resting run was asked something). What a runner is, the command line knows
 * (ServerHooks). */
#include "server/handlers.h"
#include "server/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "db/sql.h"
#include "ledger/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LOOK_MS = 1000,
    AGAIN_US = 2000000,      ///< a run is adopted again at the earliest after this,
    AGAIN_MAX_US = 60000000, ///< and after twice as long each time that did not help
    REMEMBERED_MAX = 256,
};

/* A run that was adopted lately. */
typedef struct Adopted {
    int64_t run;
    int64_t again_at_us;
    int64_t pause_us;
    bool seen;
} Adopted;

struct ServerLaunch {
    Server *server;
    Fiber *fiber;
    bool ended;
    bool woken;
    FiberEvent news;
    Adopted adopted[REMEMBERED_MAX];
    size_t adopted_count;
};

static Adopted *find_adopted(ServerLaunch *launch, int64_t run)
{
    for (size_t i = 0; i < launch->adopted_count; i++) {
        if (launch->adopted[i].run == run)
            return &launch->adopted[i];
    }
    if (launch->adopted_count == REMEMBERED_MAX)
        return NULL;
    Adopted *added = &launch->adopted[launch->adopted_count++];
    *added = (Adopted){.run = run, .pause_us = AGAIN_US};
    return added;
}

/* Runs that somebody drives again start afresh. */
static void forget_unseen(ServerLaunch *launch)
{
    size_t kept = 0;
    int64_t now_us = clock_monotonic_us();
    for (size_t i = 0; i < launch->adopted_count; i++) {
        Adopted *adopted = &launch->adopted[i];
        if (adopted->seen || adopted->again_at_us > now_us)
            launch->adopted[kept++] = *adopted;
    }
    launch->adopted_count = kept;
    for (size_t i = 0; i < kept; i++)
        launch->adopted[i].seen = false;
}

static void adopt(ServerLaunch *launch, int64_t run)
{
    Adopted *adopted = find_adopted(launch, run);
    if (adopted == NULL)
        return;
    adopted->seen = true;
    int64_t now_us = clock_monotonic_us();
    if (adopted->again_at_us > now_us)
        return;
    adopted->again_at_us = now_us + adopted->pause_us;
    adopted->pause_us = adopted->pause_us * 2 > AGAIN_MAX_US ? AGAIN_MAX_US : adopted->pause_us * 2;
    const ServerHooks *hooks = &launch->server->hooks;
    Error err = {0};
    if (hooks->adopt(hooks->ctx, run, &err))
        log_info("run %" PRId64 " had no runner: started one", run);
    else if (err.kind != ERROR_CANCELLED)
        log_warn("run %" PRId64 " has no runner, and none could be started: %s", run, err.message);
}

static bool look(ServerLaunch *launch, Error *err)
{
    DbConn *conn = NULL;
    AUTO(json_auto) json_t *orphans = NULL;
    launch->woken = false;
    if (!pool_take(launch->server->pool, &conn, err))
        return false;
    bool ok = ledger_run_orphans(conn, &orphans, err);
    pool_put(launch->server->pool, conn);
    if (!ok)
        return false;
    size_t i = 0;
    json_t *orphan = NULL;
    json_array_foreach (orphans, i, orphan) {
        int64_t run = json_get_int(orphan, "id", 0);
        if (run > 0 && !fiber_cancelled())
            adopt(launch, run);
    }
    forget_unseen(launch);
    return true;
}

static void launch_main(void *arg)
{
    ServerLaunch *launch = arg;
    while (!fiber_cancelled()) {
        Error err = {0};
        if (!look(launch, &err) && err.kind != ERROR_CANCELLED)
            log_debug("looking for runs without a runner: %s", err.message);
        if (!launch->woken)
            fiber_event_wait(&launch->news, LOOK_MS);
    }
    launch->ended = true;
    fiber_event_broadcast(&launch->server->ended);
}

void launch_start(Server *server)
{
    if (server->hooks.adopt == NULL)
        return;
    server->launch = base_alloc(sizeof(*server->launch));
    server->launch->server = server;
    server->launch->fiber = fiber_start(server->loop, "launch", launch_main, server->launch);
}

void launch_stop(Server *server)
{
    if (server->launch == NULL)
        return;
    fiber_cancel(server->launch->fiber);
    while (!server->launch->ended) {
        if (!fiber_event_wait(&server->ended, -1) && !server->launch->ended)
            fiber_yield();
    }
    free(server->launch);
    server->launch = NULL;
}

void launch_wake(Server *server)
{
    if (server->launch == NULL)
        return;
    server->launch->woken = true;
    fiber_event_broadcast(&server->launch->news);
}

/* ------------------------------------------------------------------ POST /api/runs, GET /api/plans
 */

bool get_plans(ServerRequest *request, json_t **ret_body, Error *err)
{
    const ServerHooks *hooks = &request->server->hooks;
    json_t *plans = NULL;
    if (hooks->plans != NULL) {
        if (!evaluate_begin(request, EVALUATE_TO_SHOW, err))
            return false;
        bool ok = hooks->plans(hooks->ctx, &plans, err);
        evaluate_end(request, EVALUATE_TO_SHOW);
        if (!ok)
            return false;
    }
    json_t *body = json_object();
    json_object_set_new(body, "plans", plans == NULL ? json_array() : plans);
    *ret_body = body;
    return true;
}

/* The run that this person started under the same key before; 0 = none. */
static bool started_before(ServerRequest *request, const char *key, int64_t *ret_run, Error *err)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    *ret_run = 0;
    if (key == NULL)
        return true;
    if (!db_query_prepared(request->conn, db_sql("server_started"), DB_PARAMS(key), &found, err))
        return false;
    if (db_rows(found) > 0)
        *ret_run = db_int(found, 0, 0);
    return true;
}

/* The key is kept with the run, so asking again finds it whatever died in between. Asked twice at
 * once, the second finds the run of the first in its way: it is the one it asked for. */
static bool start_once(ServerRequest *request, const ServerStart *start, int64_t *ret_run,
                       Error *err)
{
    const ServerHooks *hooks = &request->server->hooks;
    Error ignored = {0};
    if (!evaluate_begin(request, EVALUATE_TO_START, err))
        return false;
    bool ok = hooks->start_run(hooks->ctx, start, ret_run, err);
    evaluate_end(request, EVALUATE_TO_START);
    return ok || (start->key != NULL && request_enter_state(request, &ignored) &&
                  started_before(request, start->key, ret_run, &ignored) && *ret_run != 0);
}

bool launch_read_start(ServerRequest *request, const char *plan, ServerStart *start, Error *err)
{
    static const char *const KEYS[] = {"environment", "params", "plan", NULL};
    static const char *const KEYS_BUT_PLAN[] = {"environment", "params", NULL};
    *start = (ServerStart){.plan = plan,
                           .person = request->who.person,
                           .key = request_key(request),
                           .params = json_object_get(request->body, "params")};
    if (!request_body_keys(request, plan == NULL ? KEYS : KEYS_BUT_PLAN, err) ||
        (plan == NULL && !request_body_text(request, "plan", BOUND_NAME_BYTES, &start->plan, err)))
        return false;
    if (start->params != NULL && !json_is_object(start->params))
        return error_set(err, ERROR_INPUT, "\"params\" is an object");
    return json_object_get(request->body, "environment") == NULL ||
           request_body_text(request, "environment", BOUND_NAME_BYTES, &start->environment, err);
}

bool post_runs(ServerRequest *request, json_t **ret_body, Error *err)
{
    const ServerHooks *hooks = &request->server->hooks;
    ServerStart start;
    int64_t run = 0;
    if (!launch_read_start(request, NULL, &start, err) ||
        !started_before(request, start.key, &run, err))
        return false;
    if (run == 0 && hooks->start_run == NULL) {
        request_fail(request, STATUS_NOT_FOUND, err, ERROR_REFUSED, "this server offers no plans");
        return error_hint(err, "headgate serve --plans DIR");
    }
    AUTO(json_auto) json_t *no_params = json_object();
    if (start.params == NULL)
        start.params = no_params;
    AUTO(json_auto) json_t *via = door_of(request);
    start.via = via;
    if (run == 0 && !start_once(request, &start, &run, err))
        return false;
    request->answer.status = STATUS_CREATED;
    *ret_body = json_object();
    json_set_id(*ret_body, "id", run);
    return true;
}
