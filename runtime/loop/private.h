/* What loop.c and fiber.c know of each other. Private to this folder. */
#ifndef HEADGATE_LOOP_PRIVATE_H
#define HEADGATE_LOOP_PRIVATE_H

#include "loop/fiber.h"

#include <uv.h>

/// A stack that no fiber uses at the moment. The record lies in the stack itself.
typedef struct FiberStack {
    struct FiberStack *next;
} FiberStack;

struct Loop {
    uv_loop_t uv;
    uv_idle_t drain;    ///< active only while a fiber is ready, so that an idle process sleeps
    Fiber *ready_first; ///< fibers that go on in the next turn, oldest first
    Fiber *ready_last;
    size_t fibers;            ///< alive
    FiberStack *spare_stacks; ///< kept for the next fibers
    size_t spare_count;
    struct LoopSignalWatch *signals;
    struct LoopTurnWatch *turns;
};

/// The idle callback: lets each fiber that is ready now go on once.
void fiber_drain(uv_idle_t *drain);
/// Gives the spare stacks back to the operating system.
void fiber_release_stacks(Loop *loop);

#endif
