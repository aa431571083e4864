/* The event loop: its life, watches on turns and signals. What waits on it lives in fiber.c. */
#include "loop/loop.h"

#include "loop/private.h"

#include <signal.h>
#include <stdlib.h>

typedef struct LoopSignalWatch {
    uv_signal_t handle;
    LoopSignal *handler;
    void *ctx;
    struct LoopSignalWatch *next;
} LoopSignalWatch;

typedef struct LoopTurnWatch {
    uv_prepare_t prepare;
    uv_timer_t timer; ///< ends a turn that would sleep too long; does nothing else
    LoopTurn *each_turn;
    void *ctx;
    struct LoopTurnWatch *next;
} LoopTurnWatch;

static void must(int uv_result)
{
    if (uv_result != 0)
        invariant_failed(__FILE__, __LINE__, uv_strerror(uv_result));
}

Loop *loop_new(void)
{
    /* A child or a peer that closed its end must be an error of the write, not our death. libuv
     * puts the default back in the children. */
    signal(SIGPIPE, SIG_IGN);
    Loop *loop = base_alloc(sizeof(*loop));
    must(uv_loop_init(&loop->uv));
    loop->uv.data = loop;
    must(uv_idle_init(&loop->uv, &loop->drain));
    loop->drain.data = loop;
    return loop;
}

void loop_run(Loop *loop)
{
    invariant(fiber_current() == NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(Loop *loop)
{
    uv_stop(&loop->uv);
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
    UNUSED(ctx);
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_free(Loop *loop)
{
    if (loop == NULL)
        return;
    invariant(loop->fibers == 0);
    uv_walk(&loop->uv, close_handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    must(uv_loop_close(&loop->uv));
    while (loop->signals != NULL) {
        LoopSignalWatch *next = loop->signals->next;
        free(loop->signals);
        loop->signals = next;
    }
    while (loop->turns != NULL) {
        LoopTurnWatch *next = loop->turns->next;
        free(loop->turns);
        loop->turns = next;
    }
    fiber_release_stacks(loop);
    free(loop);
}

uv_loop_t *loop_uv(Loop *loop)
{
    return &loop->uv;
}

static void on_prepare(uv_prepare_t *prepare)
{
    LoopTurnWatch *watch = prepare->data;
    watch->each_turn(watch->ctx);
}

static void on_interval(uv_timer_t *timer)
{
    UNUSED(timer);
}

void loop_on_turn(Loop *loop, int interval_ms, LoopTurn *each_turn, void *ctx)
{
    invariant(interval_ms > 0);
    LoopTurnWatch *watch = base_alloc(sizeof(*watch));
    *watch = (LoopTurnWatch){.each_turn = each_turn, .ctx = ctx, .next = loop->turns};
    loop->turns = watch;
    must(uv_prepare_init(&loop->uv, &watch->prepare));
    must(uv_timer_init(&loop->uv, &watch->timer));
    watch->prepare.data = watch;
    must(uv_prepare_start(&watch->prepare, on_prepare));
    must(uv_timer_start(&watch->timer, on_interval, (uint64_t)interval_ms, (uint64_t)interval_ms));
    uv_unref((uv_handle_t *)&watch->prepare);
    uv_unref((uv_handle_t *)&watch->timer);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    LoopSignalWatch *watch = handle->data;
    watch->handler(watch->ctx, signum);
}

void loop_on_signal(Loop *loop, int signum, LoopSignal *handler, void *ctx)
{
    LoopSignalWatch *watch = base_alloc(sizeof(*watch));
    *watch = (LoopSignalWatch){.handler = handler, .ctx = ctx, .next = loop->signals};
    loop->signals = watch;
    must(uv_signal_init(&loop->uv, &watch->handle));
    watch->handle.data = watch;
    must(uv_signal_start(&watch->handle, on_signal, signum));
    uv_unref((uv_handle_t *)&watch->handle);
}
