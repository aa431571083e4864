/* The watch of a stage ended before its window is over. The window is part of what people approved,
 * so ending it is asked for, with a reason, and approved by others: the gate STAGE/advance. It
 * takes effect only while the stage is watched and every guard holds. */
#ifndef HEADGATE_ROLLOUT_ADVANCE_H
#define HEADGATE_ROLLOUT_ADVANCE_H

#include "ledger/watch.h"
#include "run/run.h"

/// Of one watched stage. Begun as {.run, .stage, .gate = rollout_advance_gate()}.
typedef struct RolloutAdvance {
    Run *run;
    const PlanNode *stage;
    const char *gate;
    bool none; ///< its gate is not open: nothing to look at until somebody asks
} RolloutAdvance;

/// The gate of a stage; from arena.
const char *rollout_advance_gate(Arena *arena, const PlanNode *stage);
/// Waits. The stage is watched and no guard speaks against it: opens the gate for who asks, and
/// when it has its approvals looks at the guards once more and ends the watch (*ret_ended).
NODISCARD bool rollout_advance_turn(RolloutAdvance *advance, const LedgerWatch *window,
                                    bool *ret_ended, Error *err);
/// Waits. The watch is over, or stands still: who asks is refused, an open gate is withdrawn, and
/// both are told why.
NODISCARD bool rollout_advance_refuse(RolloutAdvance *advance, const char *why, Error *err);

#endif
