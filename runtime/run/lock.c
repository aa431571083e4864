/* The loop around everything that takes locks. */
#include "run/lock.h"

#include "base/bounds.h"
#include "base/clock.h"
#include "db/sqlstate.h"

enum { LOCK_TRIES = 20, LOCK_PAUSE_MIN_MS = 200, LOCK_PAUSE_MAX_MS = 5000 };
static const int LOCK_TIMEOUTS_MS[] = {100, 200, 500, 1000, BOUND_LOCK_TIMEOUT_MS};

static bool worth_retrying(const Error *err)
{
    return err->kind == ERROR_DATABASE && sqlstate_advice(err->sqlstate) == SQLSTATE_RETRY;
}

/* Decorrelated jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
static int64_t next_pause_ms(int64_t pause_ms)
{
    int64_t widest = pause_ms * 3 < LOCK_PAUSE_MAX_MS ? pause_ms * 3 : LOCK_PAUSE_MAX_MS;
    return LOCK_PAUSE_MIN_MS + clock_random((uint32_t)(widest - LOCK_PAUSE_MIN_MS + 1));
}

bool run_lock(Run *run, const PlanNode *node, RunLockTry *attempt, void *ctx, Error *err)
{
    int64_t pause_ms = LOCK_PAUSE_MIN_MS;
    for (size_t tries = 0;; tries++) {
        size_t rung = tries < COUNT_OF(LOCK_TIMEOUTS_MS) ? tries : COUNT_OF(LOCK_TIMEOUTS_MS) - 1;
        if (attempt(ctx, LOCK_TIMEOUTS_MS[rung], err))
            return true;
        db_rollback(run->effects);
        if (!worth_retrying(err) || tries + 1 >= LOCK_TRIES)
            return false;
        run_log(run, node->path, "warn", "try %zu of %d: %s", tries + 1, LOCK_TRIES, err->message);
        pause_ms = next_pause_ms(pause_ms);
        if (!run_wait(run, pause_ms, err))
            return false;
    }
}
