/* What a step's SQL says. It is read ahead: the next step's while the server is busy with this one,
 * because parse trees take longer to read than all else that a runner does for a small step. */
#ifndef HEADGATE_RUN_AHEAD_H
#define HEADGATE_RUN_AHEAD_H

#include "run/own.h"
#include "sql/split.h"

typedef struct RunSql {
    Arena *arena;
    const PlanNode *node;
    bool allowed; ///< may its up run? Else refused says why not
    bool outside; ///< up runs outside a transaction
    Error refused;
    bool split;               ///< false: up cannot be cut, unsplit says why
    SqlStatement *statements; ///< of up
    size_t count;
    Error unsplit;
    SqlColumns dropped; ///< what its down drops
    RunOwnNames dropped_names;
} RunSql;

/// What the SQL of a step says. Valid until it is asked of another step.
const RunSql *run_ahead_read(Run *run, const PlanNode *step);
/// Reads the step behind this one in a fiber of its own, from the next turn of the loop on: call it
/// when a statement is about to be sent that takes the server a while.
void run_ahead_start(Run *run, const PlanNode *step);
/// Waits for that fiber, and forgets what was read.
void run_ahead_done(Run *run);

#endif
