/* The loop around everything that takes locks. */
#include "run/lock.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/sqlstate.h"
#include "run/queue.h"

#include <inttypes.h>
#include <string.h>

enum { PAUSE_MIN_MS = 200, PAUSE_MAX_MS = 10000, TRIES_UNSEEN = 5 };

/* One step on its way to its locks. */
typedef struct Taking {
    Run *run;
    const PlanNode *node;
    size_t tries;
    int64_t began_us;
    int64_t budget_us;
    int64_t pause_ms;
    json_t *waited; /* the newest look in which it waited, of any try */
    bool told;      /* that it waits */
} Taking;

int run_lock_timeout_ms(size_t tries, int most_ms)
{
    static const int RUNGS_MS[] = {100, 200, 500, 1000};
    int rung_ms = tries < COUNT_OF(RUNGS_MS) ? RUNGS_MS[tries] : most_ms;
    return rung_ms < most_ms ? rung_ms : most_ms;
}

int64_t run_lock_budget_us(const PlanNode *node, const ConfigTarget *target)
{
    const char *own = json_get_string(node->keys, "lock_budget", NULL);
    int64_t us = 0;
    if (own != NULL && duration_parse(own, &us, NULL))
        return us;
    return (int64_t)(target->lock_budget_ms > 0 ? target->lock_budget_ms : BOUND_LOCK_BUDGET_MS) *
           1000;
}

/* Did the watch end the statement? A task's script may have made an error of its own of it. */
static bool was_cancelled(const RunQueue *queue, const Error *err)
{
    return queue->verdict != RUN_QUEUE_FINE &&
           (err->kind == ERROR_SCRIPT || text_equal(err->sqlstate, "57014"));
}

static bool worth_retrying(const RunQueue *queue, const Error *err)
{
    if (was_cancelled(queue, err) || queue->error.kind == ERROR_DATABASE)
        return true;
    return err->kind == ERROR_DATABASE && sqlstate_advice(err->sqlstate) == SQLSTATE_RETRY;
}

/* Decorrelated jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
static int64_t next_pause_ms(int64_t pause_ms)
{
    int64_t widest = pause_ms * 3 < PAUSE_MAX_MS ? pause_ms * 3 : PAUSE_MAX_MS;
    return PAUSE_MIN_MS + clock_random((uint32_t)(widest - PAUSE_MIN_MS + 1));
}

static int64_t spent_us(const Taking *taking)
{
    return clock_monotonic_us() - taking->began_us;
}

/* ------------------------------------------------------------------ telling */

static const char *why_refused(const RunQueue *queue, const Error *err)
{
    if (queue->verdict == RUN_QUEUE_WITHDRAWN)
        return "victims";
    return text_equal(err->sqlstate, "55P03") ? "lock_timeout" : "conflict";
}

static void tell(const Taking *taking, const char *state, const char *why, const json_t *look,
                 const char *text)
{
    static const char *const PARTS[] = {"waits", "blockers", "victims", "victims_total",
                                        "longest_us"};
    AUTO(json_auto) json_t *data = json_object();
    json_set_string(data, "state", state);
    json_set_string(data, "why", why);
    json_set_string(data, "text", text);
    json_set_int(data, "try", (int64_t)taking->tries);
    json_set_int(data, "spent_us", spent_us(taking));
    json_set_int(data, "budget_us", taking->budget_us);
    for (size_t i = 0; look != NULL && i < COUNT_OF(PARTS); i++)
        json_object_set(data, PARTS[i], json_object_get(look, PARTS[i]));
    run_tell(taking->run, "step.lock", taking->node->path, data);
    log_info("%s: %s", taking->node->path, text);
}

static void tell_refused(Taking *taking, const RunQueue *queue, const Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const json_t *look = queue->harm != NULL ? queue->harm : taking->waited;
    const char *text = err->message;
    if (look != NULL)
        text = arena_printf(arena, "waits for %s", run_queue_text(arena, look));
    if (queue->verdict == RUN_QUEUE_WITHDRAWN)
        text = arena_printf(arena, "withdrawn, because %" PRId64 " session(s) waited behind it; %s",
                            json_get_int(look, "victims_total", 0), text);
    tell(taking, "waiting", why_refused(queue, err), look, text);
    taking->told = true;
}

static void on_free(void *ctx)
{
    Taking *taking = ctx;
    if (!taking->told)
        return;
    taking->told = false;
    tell(taking, "working", "", NULL, "has the locks it waited for");
}

/* ------------------------------------------------------------------ failing */

static bool out_of_budget(const Taking *taking, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    char budget[32];
    if (taking->waited == NULL)
        return error_wrap(err, "given up after %zu tries in %s", taking->tries,
                          duration_text(taking->budget_us, budget, sizeof(budget)));
    char sqlstate[sizeof(err->sqlstate)];
    memcpy(sqlstate, err->sqlstate, sizeof(sqlstate));
    int64_t pid = run_queue_blocker(taking->waited);
    error_set(err, ERROR_DATABASE,
              "it did not get its locks within %s (%zu tries) and nothing has changed; it waited "
              "for %s",
              duration_text(taking->budget_us, budget, sizeof(budget)), taking->tries,
              run_queue_text(arena, taking->waited));
    memcpy(err->sqlstate, sqlstate, sizeof(sqlstate));
    if (pid == 0)
        return error_hint(err, "headgate retry %s", taking->run->id_text);
    return error_hint(err,
                      "Let it finish or end it: SELECT pg_terminate_backend(%" PRId64
                      "); then: headgate retry %s",
                      pid, taking->run->id_text);
}

static bool stopped(const Taking *taking, const RunQueue *queue, Error *err)
{
    char waited[32];
    error_set(err, ERROR_REFUSED,
              "it was stopped and nothing has changed: it held locks that %" PRId64
              " session(s) waited for, the longest for %s (max_block is %s)",
              json_get_int(queue->harm, "victims_total", 0),
              duration_text(json_get_int(queue->harm, "longest_us", 0) / 1000 * 1000, waited,
                            sizeof(waited)),
              duration_text(queue->limits.max_block_us, (char[32]){0}, 32));
    return error_hint(err,
                      "Try it when there is less traffic (headgate retry %s), raise max_block "
                      "of the target, or write it in steps that lock for less long",
                      taking->run->id_text);
}

/* ------------------------------------------------------------------ the loop */

static bool one_try(Taking *taking, RunLockTry *attempt, void *ctx, RunQueue *queue, Error *err)
{
    Run *run = taking->run;
    int most_ms = run->options.target->lock_timeout_ms;
    *queue = (RunQueue){.on_free = on_free, .ctx = taking};
    if (!run_queue_start(queue, run, err))
        return false;
    int timeout_ms =
        run_lock_timeout_ms(taking->tries, most_ms > 0 ? most_ms : BOUND_LOCK_TIMEOUT_MS);
    taking->tries++;
    bool ok = attempt(ctx, timeout_ms, err);
    run_queue_stop(queue);
    if (ok)
        return true;
    db_rollback(run->effects);
    if (queue->waits != NULL) {
        json_decref(taking->waited);
        taking->waited = json_incref(queue->waits);
    }
    if (queue->error.kind == ERROR_NONE)
        return false;
    *err = queue->error;
    return error_wrap(err, "watching the lock queue");
}

/* All of it: run_wait() comes back whenever something happened to the run. */
static bool pause_all(Run *run, int64_t pause_ms, Error *err)
{
    int64_t until_us = clock_monotonic_us() + pause_ms * 1000;
    int64_t left_us = pause_ms * 1000;
    while (left_us > 0) {
        if (!run_wait(run, (left_us + 999) / 1000, err))
            return false;
        left_us = until_us - clock_monotonic_us();
    }
    return true;
}

/* After a try that failed: *ret_again, or the error of the step. */
static bool go_again(Taking *taking, const RunQueue *queue, bool *ret_again, Error *err)
{
    *ret_again = false;
    if (queue->verdict == RUN_QUEUE_STOPPED && was_cancelled(queue, err))
        return stopped(taking, queue, err);
    if (!worth_retrying(queue, err))
        return false;
    taking->pause_ms = next_pause_ms(taking->pause_ms);
    int64_t left_ms = (taking->budget_us - spent_us(taking)) / 1000;
    /* On a busy machine a short try may end unseen, and an error that names nobody helps nobody. */
    bool unseen = taking->waited == NULL && taking->tries < TRIES_UNSEEN;
    if (left_ms <= 0 && !unseen)
        return out_of_budget(taking, err);
    int64_t pause_ms = taking->pause_ms;
    if (left_ms < pause_ms)
        pause_ms = left_ms > PAUSE_MIN_MS ? left_ms : PAUSE_MIN_MS; /* for the last try */
    tell_refused(taking, queue, err);
    *ret_again = pause_all(taking->run, pause_ms, err);
    return *ret_again;
}

bool run_lock(Run *run, const PlanNode *node, RunLockTry *attempt, void *ctx, Error *err)
{
    Taking taking = {.run = run,
                     .node = node,
                     .began_us = clock_monotonic_us(),
                     .budget_us = run_lock_budget_us(node, run->options.target),
                     .pause_ms = PAUSE_MIN_MS};
    bool ok = false;
    bool again = true;
    while (again) {
        RunQueue queue;
        ok = one_try(&taking, attempt, ctx, &queue, err);
        again = false;
        if (!ok)
            ok = go_again(&taking, &queue, &again, err);
        run_queue_done(&queue);
    }
    json_decref(taking.waited);
    return ok;
}
