/* Taking locks without harm: short lock_timeouts and jittered pauses within a budget, under a watch
 * that withdraws the statement when others queue behind it (docs/decisions/012-locks.md). */
#ifndef HEADGATE_RUN_LOCK_H
#define HEADGATE_RUN_LOCK_H

#include "run/run.h"

/// One try: begins a transaction of run->effects with that lock_timeout and commits it.
typedef bool RunLockTry(void *ctx, int lock_timeout_ms, Error *err);

/// Waits. Tries until it works. Lock timeouts, withdrawn statements, deadlocks and serialization
/// failures are tried again with longer lock_timeouts and jittered pauses, and told as step.lock;
/// when the budget is spent it fails and names the blocker. The transaction of a try that failed is
/// rolled back here.
NODISCARD bool run_lock(Run *run, const PlanNode *node, RunLockTry *attempt, void *ctx, Error *err);
/// The lock_timeout of a try, counted from 0: 100 ms rising to most_ms.
int run_lock_timeout_ms(size_t tries, int most_ms);
/// How long node may try: its lock_budget, or else the target's.
int64_t run_lock_budget_us(const PlanNode *node, const ConfigTarget *target);

#endif
