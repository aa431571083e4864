/* Statements that PostgreSQL runs only outside a transaction. */
#ifndef HEADGATE_RUN_OUTSIDE_H
#define HEADGATE_RUN_OUTSIDE_H

#include "run/step.h"

/// Waits. Runs the statements of a step's up, under an intent.
NODISCARD bool run_outside_forward(Run *run, const PlanNode *node, Error *err);
/// Waits. Runs those of its down.
NODISCARD bool run_outside_back(Run *run, const PlanNode *node, Error *err);

#endif
