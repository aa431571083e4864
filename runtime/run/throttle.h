/* Row work yields to the application: while a backfill or import is at it, a fiber looks at the
 * health of the target and at the metrics of its throttle, decides the pace (data/pace.h), and
 * writes it where the workers read it. */
#ifndef HEADGATE_RUN_THROTTLE_H
#define HEADGATE_RUN_THROTTLE_H

#include "data/backfill.h"
#include "data/pace.h"
#include "data/throttle.h"
#include "run/run.h"

typedef struct RunThrottle RunThrottle;

/// Waits for the first look: workers find a pace when they start. relation: the table, as the plan
/// says it.
NODISCARD bool run_throttle_start(Run *run, const PlanNode *node, const char *relation,
                                  RunThrottle **ret_throttle, Error *err);
/// Waits until it has ended; NULL is fine.
void run_throttle_stop(RunThrottle *throttle);
/// Waits. Once a turn of the engine's fiber: brings the run's state in line (running, throttled).
NODISCARD bool run_throttle_turn(RunThrottle *throttle, Error *err);
/// As many workers as a person asks for; where nobody says how many, fewer while the pace slows the
/// work.
void run_throttle_staff(RunThrottle *throttle, DataTurn *turn);

#endif
