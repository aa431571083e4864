/* Taking locks without harm: short lock_timeouts, jittered pauses, and then giving up. */
#ifndef HEADGATE_RUN_LOCK_H
#define HEADGATE_RUN_LOCK_H

#include "run/run.h"

/// One try: begins a transaction of run->effects with that lock_timeout and commits it.
typedef bool RunLockTry(void *ctx, int lock_timeout_ms, Error *err);

/// Waits. Tries until it works. Lock timeouts, deadlocks and serialization failures are tried again
/// with longer lock_timeouts and jittered pauses; then it fails. The transaction of a try that
/// failed is rolled back here.
NODISCARD bool run_lock(Run *run, const PlanNode *node, RunLockTry *attempt, void *ctx, Error *err);

#endif
