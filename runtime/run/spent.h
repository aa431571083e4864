/* Where the time of a run went, from the changes of state that its events tell: how long each step
 * took forward and back, and how long the application was stopped. Pure. */
#ifndef HEADGATE_RUN_SPENT_H
#define HEADGATE_RUN_SPENT_H

#include "plan/plan.h"

/// Of one node. -1 = it has not been there.
typedef struct SpentNode {
    int64_t forward_us;
    int64_t back_us;
} SpentNode;

typedef struct Spent {
    SpentNode *nodes;    ///< by index; what holds others has the sum of what it holds
    int64_t downtime_us; ///< while a phase marked downtime was begun and not over, forward or back
    int64_t rollback_us; ///< from the first roll-back to its end, or now; -1 = none was begun
    int64_t duration_us; ///< from the start to the end, or now; without the rollback
} Spent;

/// moves: rows of report_moves, oldest first. now_us: the state database's clock. Allocates from
/// arena.
Spent run_spent(Arena *arena, const Plan *plan, const json_t *moves, int64_t now_us);

#endif
