/* Budgets of time: what a run has spent of what its plan allows. */
#ifndef HEADGATE_RUN_BUDGET_H
#define HEADGATE_RUN_BUDGET_H

#include "run/spent.h"

/// [{"name": "downtime", "measured_us": 1200000 or null, "budget_us": 900000000, "over": false}]:
/// the budgets that the plan states. null = there was none of it yet. The caller's.
json_t *run_budget_json(const Plan *plan, const Spent *spent);

#endif
