/* The lock queue around our own backend, seen from a second connection: whom a statement of ours
 * waits for, who waits behind it, and when that is too much (docs/decisions/012-locks.md). */
#ifndef HEADGATE_RUN_QUEUE_H
#define HEADGATE_RUN_QUEUE_H

#include "run/run.h"

/// How much a statement of ours may delay the application. From headgate.yaml, by target.
typedef struct RunQueueLimits {
    int victims;            ///< sessions behind it while it waits itself
    int64_t victim_wait_us; ///< how long one of them may have waited meanwhile
    int64_t max_block_us;   ///< how long one may wait for a lock that we hold
} RunQueueLimits;

typedef enum RunQueueVerdict {
    RUN_QUEUE_FINE,
    RUN_QUEUE_WITHDRAWN, ///< it waited, and others behind it: try again later
    RUN_QUEUE_STOPPED,   ///< it held what others waited for: trying again would do the same
} RunQueueVerdict;

/// One look at the queue is the JSON object of lock_queue.sql. Pure.
RunQueueVerdict run_queue_decide(const json_t *look, const RunQueueLimits *limits);
RunQueueLimits run_queue_limits(const ConfigTarget *target);

/// Watches one try.
typedef struct RunQueue {
    Run *run;
    RunQueueLimits limits;
    void (*on_free)(void *ctx); ///< a look found that the statement waits for nothing; may be NULL
    void *ctx;
    RunQueueVerdict verdict;
    json_t *waits; ///< the newest look in which our backend waited; NULL = none
    json_t *harm;  ///< the look that led to the verdict
    Error error;   ///< why the watch ended
    bool stop;
    bool alive;
    FiberEvent changed;
} RunQueue;

/// Waits. Connects if need be, and starts to look. queue stays where it is until run_queue_stop().
NODISCARD bool run_queue_start(RunQueue *queue, Run *run, Error *err);
/// Waits until nobody looks any more.
void run_queue_stop(RunQueue *queue);
/// Frees what it saw.
void run_queue_done(RunQueue *queue);

/// "ACCESS EXCLUSIVE on public.people, behind pid 4711 (psql, user app, …): SELECT …". From arena.
const char *run_queue_text(Arena *arena, const json_t *look);
/// The process id to name in a command that ends the blocker; 0 = there is none.
int64_t run_queue_blocker(const json_t *look);

#endif
