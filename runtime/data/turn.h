/* A reader's turn: it shares its thread with the writer, whom the server's answers wait for. */
#ifndef HEADGATE_DATA_TURN_H
#define HEADGATE_DATA_TURN_H

#include "base/clock.h"
#include "loop/fiber.h"

/// Zeroed is a turn that is over.
typedef struct DataTurnTime {
    unsigned calls;
    int64_t began_us; ///< monotonic
} DataTurnTime;

/// May wait. Once a record: gives way to others after a quarter of a millisecond.
static inline void data_turn_may_end(DataTurnTime *turn)
{
    enum { CALLS_A_LOOK = 16, TURN_US = 250 };
    if (turn->calls++ % CALLS_A_LOOK != 0 || clock_monotonic_us() - turn->began_us <= TURN_US)
        return;
    fiber_yield();
    turn->began_us = clock_monotonic_us();
}

#endif
