/* Fibers: stacks, switching, the ready list, sleeping, events and the thread pool.
 * Start reading at fiber_wait() and fiber_drain(): one goes from a fiber to the loop, the other
 * back. */
#include "loop/fiber.h"

#include "base/bounds.h"
#include "loop/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

/* ASan's red zones make frames several times larger. */
#ifdef FIBER_ASAN
enum { STACK_BYTES = BOUND_FIBER_STACK_BYTES * 8 };
#else
enum { STACK_BYTES = BOUND_FIBER_STACK_BYTES };
#endif
enum { SPARE_STACKS_MAX = 16 };

typedef enum FiberState {
    FIBER_QUEUED,  ///< on the ready list because it starts or yields: a wake now is remembered
    FIBER_RUNNING, ///< the current one
    FIBER_WAITING, ///< inside fiber_wait()
    FIBER_WOKEN,   ///< on the ready list because of a wake: more wakes add nothing
} FiberState;

struct FiberWaiter {
    Fiber *fiber;
    bool broadcast;
    struct FiberWaiter *next;
    struct FiberWaiter **link; ///< what points to this one
};

struct Fiber {
    Loop *loop;
    char name[64];
    FiberMain *main;
    void *arg;
    FiberState state;
    bool wake_pending; ///< a wake came while it did not wait
    bool cancelled;
    bool shielded;
    bool ended;
    bool timer_used;  ///< the timer was initialised and must be closed before the fiber is freed
    bool timer_fired; ///< since it was last started
    uv_timer_t timer;
    struct FiberWaiter waiter; ///< on the list of the event it waits for
    ucontext_t context;
    char *stack; ///< lowest usable byte; the guard page lies below
    unsigned valgrind_id;
    void *fake_stack; ///< ASan's, while switched away
    Fiber *next;      ///< on the ready list
};

static Fiber *current;          ///< one thread runs loops, so one variable is enough
static ucontext_t loop_context; ///< where fibers return to
static void *loop_fake_stack;   ///< ASan's, of the loop's stack, while a fiber runs
static const void *loop_stack;  ///< bounds of the loop's stack, for ASan
static size_t loop_stack_bytes;

/* -- stacks -- */

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static char *stack_new(Loop *loop)
{
    if (loop->spare_stacks != NULL) {
        FiberStack *spare = loop->spare_stacks;
        loop->spare_stacks = spare->next;
        loop->spare_count--;
        return (char *)spare;
    }
    size_t guard = page_bytes();
    char *block = mmap(NULL, guard + STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    invariant(block != MAP_FAILED);
    invariant(mprotect(block, guard, PROT_NONE) == 0);
    return block + guard;
}

static void stack_unmap(char *stack)
{
    size_t guard = page_bytes();
    munmap(stack - guard, guard + STACK_BYTES);
}

static void stack_give_back(Loop *loop, char *stack)
{
#ifdef FIBER_ASAN
    __asan_unpoison_memory_region(stack, STACK_BYTES); /* the last frames never returned */
#endif
    if (loop->spare_count == SPARE_STACKS_MAX) {
        stack_unmap(stack);
        return;
    }
    FiberStack *spare = (FiberStack *)(void *)stack;
    spare->next = loop->spare_stacks;
    loop->spare_stacks = spare;
    loop->spare_count++;
}

void fiber_release_stacks(Loop *loop)
{
    while (loop->spare_stacks != NULL) {
        FiberStack *spare = loop->spare_stacks;
        loop->spare_stacks = spare->next;
        stack_unmap((char *)spare);
    }
    loop->spare_count = 0;
}

/* -- switching -- */

static void announce_switch(void **save_fake, const void *stack, size_t bytes)
{
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(save_fake, stack, bytes);
#else
    UNUSED(save_fake);
    UNUSED(stack);
    UNUSED(bytes);
#endif
}

static void finish_switch(void *fake, const void **ret_stack, size_t *ret_bytes)
{
#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(fake, ret_stack, ret_bytes);
#else
    UNUSED(fake);
    UNUSED(ret_stack);
    UNUSED(ret_bytes);
#endif
}

static void switch_to_loop(Fiber *fiber)
{
    /* No place to save the fake stack tells ASan that this one is never entered again. */
    announce_switch(fiber->ended ? NULL : &fiber->fake_stack, loop_stack, loop_stack_bytes);
    swapcontext(&fiber->context, &loop_context);
    finish_switch(fiber->fake_stack, &loop_stack, &loop_stack_bytes);
}

static void fiber_entry(void)
{
    Fiber *fiber = current;
    finish_switch(NULL, &loop_stack, &loop_stack_bytes);
    fiber->main(fiber->arg);
    fiber->ended = true;
    switch_to_loop(fiber);
    invariant_failed(__FILE__, __LINE__, "an ended fiber was entered");
}

static void free_on_close(uv_handle_t *timer)
{
    free(timer->data);
}

static void fiber_bury(Fiber *fiber)
{
    VALGRIND_STACK_DEREGISTER(fiber->valgrind_id);
    stack_give_back(fiber->loop, fiber->stack);
    fiber->loop->fibers--;
    if (fiber->timer_used)
        uv_close((uv_handle_t *)&fiber->timer, free_on_close);
    else
        free(fiber);
}

static void fiber_enter(Fiber *fiber)
{
    fiber->state = FIBER_RUNNING;
    current = fiber;
    announce_switch(&loop_fake_stack, fiber->stack, STACK_BYTES);
    swapcontext(&loop_context, &fiber->context);
    finish_switch(loop_fake_stack, NULL, NULL);
    current = NULL;
    if (fiber->ended)
        fiber_bury(fiber);
}

static void make_ready(Fiber *fiber, FiberState state)
{
    Loop *loop = fiber->loop;
    fiber->state = state;
    fiber->next = NULL;
    if (loop->ready_last == NULL)
        loop->ready_first = fiber;
    else
        loop->ready_last->next = fiber;
    loop->ready_last = fiber;
    uv_idle_start(&loop->drain, fiber_drain);
}

void fiber_drain(uv_idle_t *drain)
{
    Loop *loop = drain->data;
    Fiber *fiber = loop->ready_first;
    /* Only those that are ready now: who becomes ready meanwhile waits for the next turn, so that
     * fibers waking each other cannot starve sockets and timers. */
    loop->ready_first = NULL;
    loop->ready_last = NULL;
    while (fiber != NULL) {
        Fiber *next = fiber->next;
        fiber_enter(fiber);
        fiber = next;
    }
    if (loop->ready_first == NULL)
        uv_idle_stop(&loop->drain);
}

/* -- life -- */

Fiber *fiber_start(Loop *loop, const char *name, FiberMain *main, void *arg)
{
    invariant(loop->fibers < BOUND_FIBERS);
    Fiber *fiber = base_alloc(sizeof(*fiber));
    fiber->loop = loop;
    fiber->main = main;
    fiber->arg = arg;
    snprintf(fiber->name, sizeof(fiber->name), "%s", name);
    fiber->stack = stack_new(loop);
    fiber->valgrind_id = VALGRIND_STACK_REGISTER(fiber->stack, fiber->stack + STACK_BYTES);
    invariant(getcontext(&fiber->context) == 0);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_BYTES;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, fiber_entry, 0);
    loop->fibers++;
    make_ready(fiber, FIBER_QUEUED);
    return fiber;
}

Fiber *fiber_current(void)
{
    return current;
}

Loop *fiber_loop(void)
{
    invariant(current != NULL);
    return current->loop;
}

const char *fiber_name(const Fiber *fiber)
{
    return fiber->name;
}

size_t fiber_count(const Loop *loop)
{
    return loop->fibers;
}

void fiber_wait(void)
{
    Fiber *fiber = current;
    invariant(fiber != NULL);
    if (!fiber->wake_pending) {
        fiber->state = FIBER_WAITING;
        switch_to_loop(fiber);
    }
    fiber->wake_pending = false;
}

void fiber_wake(Fiber *fiber)
{
    if (fiber->state == FIBER_WAITING)
        make_ready(fiber, FIBER_WOKEN);
    else if (fiber->state != FIBER_WOKEN)
        fiber->wake_pending = true;
}

void fiber_yield(void)
{
    Fiber *fiber = current;
    invariant(fiber != NULL);
    make_ready(fiber, FIBER_QUEUED);
    switch_to_loop(fiber);
}

void fiber_cancel(Fiber *fiber)
{
    if (fiber->cancelled)
        return;
    fiber->cancelled = true;
    fiber_wake(fiber);
}

bool fiber_cancelled(void)
{
    invariant(current != NULL);
    return current->cancelled && !current->shielded;
}

bool fiber_shield(bool on)
{
    invariant(current != NULL);
    bool before = current->shielded;
    current->shielded = on;
    return before;
}

/* -- waiting for time and events -- */

static void on_timer(uv_timer_t *timer)
{
    Fiber *fiber = timer->data;
    fiber->timer_fired = true;
    fiber_wake(fiber);
}

static void timer_arm(Fiber *fiber, int64_t ms)
{
    uv_loop_t *uv = &fiber->loop->uv;
    if (!fiber->timer_used) {
        uv_timer_init(uv, &fiber->timer);
        fiber->timer.data = fiber;
        fiber->timer_used = true;
    }
    fiber->timer_fired = false;
    uv_update_time(uv); /* the loop's time stands still while fibers compute */
    /* A timer of 0 ms can run again in the pass that it was started in and starve the rest. */
    uv_timer_start(&fiber->timer, on_timer, ms < 1 ? 1 : (uint64_t)ms, 0);
}

static void timer_disarm(Fiber *fiber)
{
    uv_timer_stop(&fiber->timer);
}

bool fiber_sleep(int64_t ms, Error *err)
{
    if (!fiber_cancelled()) {
        timer_arm(current, ms);
        while (!current->timer_fired && !fiber_cancelled())
            fiber_wait();
        timer_disarm(current);
    }
    if (fiber_cancelled())
        return error_set(err, ERROR_CANCELLED, "%s was asked to stop", current->name);
    return true;
}

static void waiter_unlink(struct FiberWaiter *waiter)
{
    *waiter->link = waiter->next;
    if (waiter->next != NULL)
        waiter->next->link = waiter->link;
}

bool fiber_event_wait_beyond(FiberEvent *event, unsigned seen, int64_t timeout_ms)
{
    if (fiber_cancelled() || event->broadcasts != seen)
        return event->broadcasts != seen;
    Fiber *fiber = current;
    struct FiberWaiter *waiter = &fiber->waiter;
    *waiter = (struct FiberWaiter){.fiber = fiber, .next = event->first, .link = &event->first};
    if (waiter->next != NULL)
        waiter->next->link = &waiter->next;
    event->first = waiter;
    fiber->timer_fired = false;
    if (timeout_ms >= 0)
        timer_arm(fiber, timeout_ms);
    while (!waiter->broadcast && !fiber->timer_fired && !fiber_cancelled())
        fiber_wait();
    if (timeout_ms >= 0)
        timer_disarm(fiber);
    if (!waiter->broadcast)
        waiter_unlink(waiter);
    return waiter->broadcast;
}

bool fiber_event_wait(FiberEvent *event, int64_t timeout_ms)
{
    return !fiber_cancelled() && fiber_event_wait_beyond(event, event->broadcasts, timeout_ms);
}

void fiber_event_broadcast(FiberEvent *event)
{
    event->broadcasts++;
    while (event->first != NULL) {
        struct FiberWaiter *waiter = event->first;
        waiter_unlink(waiter);
        waiter->broadcast = true;
        fiber_wake(waiter->fiber);
    }
}

/* -- the thread pool -- */

typedef struct BlockingWork {
    uv_work_t request;
    Fiber *fiber;
    FiberWork *work;
    void *arg;
    bool done;
} BlockingWork;

static void on_pool(uv_work_t *request)
{
    BlockingWork *blocking = request->data;
    blocking->work(blocking->arg);
}

static void on_pool_done(uv_work_t *request, int status)
{
    UNUSED(status);
    BlockingWork *blocking = request->data;
    blocking->done = true;
    fiber_wake(blocking->fiber);
}

void fiber_run_blocking(FiberWork *work, void *arg)
{
    invariant(current != NULL);
    BlockingWork blocking = {.fiber = current, .work = work, .arg = arg};
    blocking.request.data = &blocking;
    invariant(uv_queue_work(&current->loop->uv, &blocking.request, on_pool, on_pool_done) == 0);
    while (!blocking.done)
        fiber_wait();
}
