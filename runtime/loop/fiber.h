/* Fibers: C functions with a stack of their own that may wait. Straight-line code instead of
 * callback chains (docs/decisions/002): a function documented as "waits" suspends its fiber and
 * lets the loop turn.
 *
 * Rules: 1. Only a fiber may call a function that waits. 2. fiber_wake() never switches at once;
 * the fiber goes on in a later loop turn. 3. Everything else of the process may have changed when a
 * wait returns.
 * 4. A Lua state is used by one fiber at a time. */
#ifndef HEADGATE_LOOP_FIBER_H
#define HEADGATE_LOOP_FIBER_H

#include "loop/loop.h"

typedef struct Fiber Fiber;
typedef void FiberMain(void *arg);

/// Starts main(arg) in a new fiber in the next loop turn. name is for error messages; copied.
Fiber *fiber_start(Loop *loop, const char *name, FiberMain *main, void *arg);
/// The running fiber; NULL outside of fibers.
Fiber *fiber_current(void);
Loop *fiber_loop(void); ///< the loop of the running fiber
const char *fiber_name(const Fiber *fiber);
size_t
fiber_count(const Loop *loop); ///< alive now; BOUND_FIBERS is an invariant, so servers ask before

/// Suspends the running fiber until fiber_wake(). A wake that came before counts, and
/// fiber_cancel() wakes once too: wait in a loop around your own condition.
void fiber_wait(void);
void fiber_wake(Fiber *fiber);
/// Waits ms >= 0. Fails with ERROR_CANCELLED when the fiber was cancelled meanwhile (or before).
NODISCARD bool fiber_sleep(int64_t ms, Error *err);
/// Lets other fibers and the loop run once, then goes on.
void fiber_yield(void);
/// Asks a fiber to end: its present and later waits fail with ERROR_CANCELLED. Idempotent.
void fiber_cancel(Fiber *fiber);
bool fiber_cancelled(void); ///< of the running fiber
/// While on, the running fiber does not see that it was cancelled: for clean-up that must be able
/// to wait (ending a transaction, writing down why we stop). Returns what it was before, to be put
/// back.
bool fiber_shield(bool on);

/// Something fibers wait for: broadcast wakes all that wait now.
typedef struct FiberEvent {
    struct FiberWaiter *first;
    unsigned broadcasts; ///< so far
} FiberEvent;
/// Waits for the next broadcast. timeout_ms < 0: for ever. Returns true when it was broadcast;
/// false after the timeout or when cancelled (ask fiber_cancelled()).
bool fiber_event_wait(FiberEvent *event, int64_t timeout_ms);
/// The same, but a broadcast after seen (an earlier value of event->broadcasts) counts: no wake-up
/// is lost between looking at something that waits and waiting for its change.
bool fiber_event_wait_beyond(FiberEvent *event, unsigned seen, int64_t timeout_ms);
void fiber_event_broadcast(FiberEvent *event);

/// Runs work(arg) on libuv's thread pool and waits for it (hashing, blocking libpq calls). work
/// must not touch anything of the loop.
typedef void FiberWork(void *arg);
void fiber_run_blocking(FiberWork *work, void *arg);

#endif
