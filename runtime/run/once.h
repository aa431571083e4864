/* At least once: effects that no transaction covers. An intent is in the ledger before the effect,
 * "done" after it; when a runner died between the two, the plan's probe says whether it happened,
 * or else a person does. */
#ifndef HEADGATE_RUN_ONCE_H
#define HEADGATE_RUN_ONCE_H

#include "run/act.h"
#include "run/step.h"

/// Waits. Does it; detail becomes the step's detail.
typedef bool RunAct(Run *run, const PlanNode *node, json_t *detail, Error *err);

/// Waits. Forward through a node that acts outside the database.
NODISCARD bool run_once_forward(Run *run, const PlanNode *node, RunAct *act, Error *err);
/// Waits. Its undo by something outside the database, which may be done twice.
NODISCARD bool run_once_back(Run *run, const PlanNode *node, RunAct *undo, Error *err);
/// Waits. Before an undo: is it certain that there is nothing to take back? Asks the probe where it
/// is not known.
NODISCARD bool run_once_nothing(Run *run, const PlanNode *node, bool *ret_nothing, Error *err);

#endif
