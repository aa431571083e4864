/* answer("gate", "field") as a plan's functions say it: which gates they read, checked before
 * anything runs. Internal to plan/. */
#ifndef HEADGATE_PLAN_ANSWER_H
#define HEADGATE_PLAN_ANSWER_H

#include "plan/plan.h"

/// Takes what the functions of a node read from its graph: "answers", [{gate, field, file, line,
/// column}].
void plan_answer_take(Plan *plan, PlanNode *node, const json_t *graph);
/// Finds the gates. Fails with the position of the word when there is no such gate, it has no such
/// field, or it does not stand before what reads it.
NODISCARD bool plan_answer_resolve(Plan *plan, Error *err);

#endif
