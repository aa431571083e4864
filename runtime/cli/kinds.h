/* How the engine treats each kind of plan node: the table that joins run/ and rollout/. */
#ifndef HEADGATE_CLI_KINDS_H
#define HEADGATE_CLI_KINDS_H

#include "run/run.h"

/// PLAN_KINDS rows, by PlanKind.
extern const RunKind CLI_KINDS[];

#endif
