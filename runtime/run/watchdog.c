/* The statement runs in a fiber of its own, the engine's fiber watches. */
#include "run/watchdog.h"

#include "base/clock.h"
#include "sql/shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOOK_MS = 1000 };

/* On the heap, because a process that must end leaves it behind. */
typedef struct Act {
    DbConn *conn;
    char *sql;
    bool ended;
    bool ok;
    int position;
    Error error;
    FiberEvent changed;
} Act;

static void act_main(void *arg)
{
    Act *act = arg;
    act->ok = db_exec(act->conn, act->sql, NULL, &act->position, &act->error);
    act->ended = true;
    fiber_event_broadcast(&act->changed);
}

/* ------------------------------------------------------------------ looking */

/* Values are taken out of other people's statements before anybody sees them. */
static void hide_values(json_t *look)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t i = 0;
    json_t *blocker = NULL;
    json_array_foreach (json_object_get(look, "waits_for"), i, blocker) {
        const char *query = json_get_string(blocker, "query", NULL);
        if (query != NULL)
            json_set_string(blocker, "query", sql_shown(arena, query));
    }
}

/* *ret_look is NULL when the backend is gone, or when nothing can be said now. */
static bool look_at(RunWatchdog *watchdog, int pid, json_t **ret_look)
{
    Error why = {0};
    if (watchdog->watch != NULL && !db_usable(watchdog->watch)) {
        db_close(watchdog->watch);
        watchdog->watch = NULL;
    }
    if (watchdog->watch == NULL &&
        !run_connect(watchdog->run, watchdog->run->options.target, true, &watchdog->watch, &why))
        return false;
    LedgerParams params = {0};
    ledger_param_int(&params, pid);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(watchdog->watch, "outside_watch", &params, &rows, &why))
        return false;
    *ret_look = json_incref(json_array_get(rows, 0));
    hide_values(*ret_look);
    return true;
}

static void tell(RunWatchdog *watchdog, json_t *look, bool adopted)
{
    json_set_int(look, "statement", watchdog->number);
    json_set_int(look, "statements", watchdog->count);
    json_set_string(look, "object", watchdog->object);
    if (watchdog->doing != NULL)
        json_set_string(look, "phase", watchdog->doing);
    json_set_int(look, "limit_s", watchdog->limit_us / 1000000);
    json_object_set_new(look, "adopted", json_boolean(adopted));
    if (watchdog->seen == NULL || !json_equal(look, watchdog->seen))
        run_tell(watchdog->run, "step.progress", watchdog->node->path, look);
    json_decref(watchdog->seen);
    watchdog->seen = json_incref(look);
}

/* "; it waits for pid 4711 (app, user bob, idle in transaction for 5m): SELECT …" */
static const char *blockers_text(Arena *arena, const json_t *look)
{
    const json_t *waits = json_object_get(look, "waits_for");
    const json_t *first = json_array_get(waits, 0);
    if (first == NULL)
        return "";
    char lasts[32];
    size_t others = json_array_size(waits) - 1;
    const char *more = others == 0 ? "" : arena_printf(arena, " and %zu more", others);
    return arena_printf(
        arena, ": it waits for pid %" PRId64 " (%s, user %s, %s for %s: %s)%s",
        json_get_int(first, "pid", 0), json_get_string(first, "application", ""),
        json_get_string(first, "user", "?"), json_get_string(first, "state", "?"),
        duration_text(json_get_int(first, "for_s", 0) * 1000000, lasts, sizeof(lasts)),
        json_get_string(first, "query", "?"), more);
}

static bool too_long(const RunWatchdog *watchdog, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    char limit[32];
    int64_t blocker =
        json_get_int(json_array_get(json_object_get(watchdog->seen, "waits_for"), 0), "pid", 0);
    error_set(err, ERROR_REFUSED, "%s%sit was ended after %s (outside_timeout)%s",
              watchdog->object == NULL ? "" : watchdog->object,
              watchdog->object == NULL ? "" : ": ",
              duration_text(watchdog->limit_us, limit, sizeof(limit)),
              blockers_text(arena, watchdog->seen));
    if (blocker == 0)
        return error_hint(err, "raise outside_timeout in headgate.yaml; then headgate retry %s",
                          watchdog->run->id_text);
    return error_hint(err,
                      "SELECT pg_terminate_backend(%" PRId64 "), or wait for its end; then "
                      "headgate retry %s",
                      blocker, watchdog->run->id_text);
}

/* What ends a statement besides itself. False with *err when this process must end. */
static bool asked_to_stop(RunWatchdog *watchdog, bool *ret_stop, Error *err)
{
    Error why = {0};
    *ret_stop = false;
    if (run_wait(watchdog->run, 0, &why))
        return true;
    if (why.kind != ERROR_CANCELLED) {
        *err = why;
        return false;
    }
    if (watchdog->run->asked != RUN_ASKED_PAUSE) {
        *ret_stop = !watchdog->uninterruptible;
    } else if (!watchdog->pausing) {
        watchdog->pausing = true;
        run_log(watchdog->run, watchdog->node->path, "info",
                "pausing when this statement has ended; a rollback ends it at once");
    }
    return true;
}

/* ------------------------------------------------------------------ running */

static bool watch_act(RunWatchdog *watchdog, Act *act, Error *ret_why, Error *err)
{
    int64_t until_us = clock_monotonic_us() + watchdog->limit_us;
    while (!act->ended) {
        unsigned seen = act->changed.broadcasts;
        int64_t left_ms = (until_us - clock_monotonic_us()) / 1000;
        int64_t wait_ms = left_ms > 0 && left_ms < LOOK_MS ? left_ms : LOOK_MS;
        if (!act->ended && fiber_event_wait_beyond(&act->changed, seen, wait_ms))
            break;
        bool stop = false;
        json_t *look = NULL;
        if (!asked_to_stop(watchdog, &stop, err))
            return false;
        bool late = clock_monotonic_us() >= until_us;
        if (!act->ended && !stop && look_at(watchdog, db_backend_pid(act->conn), &look) &&
            look != NULL && ret_why->kind == ERROR_NONE)
            tell(watchdog, look, false);
        json_decref(look);
        if (act->ended || (!stop && !late))
            continue;
        if (ret_why->kind == ERROR_NONE)
            stop ? run_stop_here(ret_why) : too_long(watchdog, ret_why);
        db_cancel(act->conn);
    }
    return true;
}

bool run_watchdog_exec(RunWatchdog *watchdog, DbConn *conn, const char *sql, int *ret_position,
                       Error *err)
{
    Act *act = base_alloc(sizeof(*act));
    act->conn = conn;
    act->sql = base_strdup(sql);
    Error why = {0}; /* why we ended it */
    fiber_start(watchdog->run->loop, "statement", act_main, act);
    if (!watch_act(watchdog, act, &why, err))
        return false;
    bool ok = act->ok;
    *ret_position = act->position;
    if (!ok)
        *err = why.kind != ERROR_NONE && act->error.kind != ERROR_UNREACHABLE ? why : act->error;
    free(act->sql);
    free(act);
    return ok;
}

bool run_watchdog_adopt(RunWatchdog *watchdog, int pid, Error *err)
{
    run_log(watchdog->run, watchdog->node->path, "info",
            "process %d of the runner before still builds an index: waiting for it", pid);
    for (;;) {
        json_t *look = NULL;
        bool stop = false;
        if (!asked_to_stop(watchdog, &stop, err))
            return false;
        if (stop)
            return run_stop_here(err);
        bool looked = look_at(watchdog, pid, &look);
        bool building = !looked || json_get_bool(look, "building", false);
        bool late = json_get_int(look, "running_s", 0) * 1000000 >= watchdog->limit_us;
        if (building && look != NULL)
            tell(watchdog, look, true);
        json_decref(look);
        if (!building)
            return true;
        if (late)
            return too_long(watchdog, err);
        fiber_event_wait(&watchdog->run->wake, LOOK_MS);
    }
}

void run_watchdog_done(RunWatchdog *watchdog)
{
    db_close(watchdog->watch);
    json_decref(watchdog->seen);
    watchdog->watch = NULL;
    watchdog->seen = NULL;
}
