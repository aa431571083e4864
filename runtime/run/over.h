/* A run looks at its budgets while it works: what is exceeded is told once, and holds the run
 * before its next step where the plan says so. */
#ifndef HEADGATE_RUN_OVER_H
#define HEADGATE_RUN_OVER_H

#include "run/run.h"

/// Waits. Measures when a budget can be exceeded at the earliest, and not before; tells each that
/// is (the event budget.over). conn: a connection to STATE that nobody else uses meanwhile.
NODISCARD bool run_over_look(Run *run, DbConn *conn, Error *err);
/// Waits. The same at the end, with everything told so far.
NODISCARD bool run_over_look_last(Run *run, Error *err);
/// Waits. Holds the run before node when a budget is exceeded, the plan says on_over = "hold", and
/// it was not held for that before; returns when somebody let it go on.
NODISCARD bool run_over_hold(Run *run, const PlanNode *node, Error *err);

#endif
