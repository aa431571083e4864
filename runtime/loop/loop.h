/* One event loop per process, on libuv. All waiting happens in fibers (loop/fiber.h). */
#ifndef HEADGATE_LOOP_LOOP_H
#define HEADGATE_LOOP_LOOP_H

#include "base/error.h"

typedef struct uv_loop_s uv_loop_t;
typedef struct Loop Loop;

Loop *loop_new(void);
/// Runs until nothing is left to do or loop_stop() was called.
void loop_run(Loop *loop);
/// Lets loop_run() return at the end of this turn.
void loop_stop(Loop *loop);
/// Closes what is still open and frees the loop. Aborts (invariant) if a fiber is still alive.
void loop_free(Loop *loop);
/// The libuv loop, for the few that attach handles of their own (db, http, server).
uv_loop_t *loop_uv(Loop *loop);

/// Calls each_turn(ctx) once per loop turn and at least every interval_ms: the beat of a watched
/// child.
typedef void LoopTurn(void *ctx);
void loop_on_turn(Loop *loop, int interval_ms, LoopTurn *each_turn, void *ctx);

/// Calls handler(ctx, signum) on the loop for SIGINT, SIGTERM, ... until loop_free().
typedef void LoopSignal(void *ctx, int signum);
void loop_on_signal(Loop *loop, int signum, LoopSignal *handler, void *ctx);

#endif
