/* Driving a run back, and what of run.c that needs. Internal to run/. */
#ifndef HEADGATE_RUN_BACK_H
#define HEADGATE_RUN_BACK_H

#include "run/step.h"

/// Waits. Undoes what has begun, newest first, the half-run step included; each undo is a row of
/// the ledger, so that a successor goes on with the next. Where one fails the run is blocked.
NODISCARD bool run_back(Run *run, Error *err);
/// Waits. Opens the gates that skip and repair ask for. *ret_refused: nothing else was asked, and
/// this was refused; why.
NODISCARD bool run_back_requests(Run *run, const char **ret_refused, Error *err);

/* run.c */

/// FENCED and UNREACHABLE: this process may write no more.
bool run_must_end(const Error *err);
/// false and the error when a fiber beside has found that it must end.
bool run_still_well(const Run *run, Error *err);
const RunKind *run_kind_of(const Run *run, const PlanNode *node);

#endif
