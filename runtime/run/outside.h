/* Statements that PostgreSQL runs only outside a transaction: for each one intent, probe, act,
 * observe, done (docs/decisions/013-index-doctor.md). What was begun is kept in the step's detail,
 * statement by statement, so that any runner can go on. */
#ifndef HEADGATE_RUN_OUTSIDE_H
#define HEADGATE_RUN_OUTSIDE_H

#include "run/step.h"

/// Waits. Runs the statements of a step's up that are not done yet.
NODISCARD bool run_outside_forward(Run *run, const PlanNode *node, Error *err);
/// Waits. Runs those of its down; without one, drops the indexes that up made.
NODISCARD bool run_outside_back(Run *run, const PlanNode *node, Error *err);
/// Waits. Before the undo of a step whose up runs outside: ends what a runner before us left
/// running. *ret_nothing: nothing of up is there to be undone.
NODISCARD bool run_outside_settle(Run *run, const PlanNode *node, bool *ret_nothing, Error *err);
/// Can the step be undone without a down: does its up only create indexes CONCURRENTLY?
bool run_outside_undoes_itself(const PlanNode *node);

#endif
