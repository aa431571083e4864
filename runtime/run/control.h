/* The control fiber of a run: renews the lease, listens for requests, wakes the engine. */
#ifndef HEADGATE_RUN_CONTROL_H
#define HEADGATE_RUN_CONTROL_H

#include "run/run.h"

/// Waits. Starts the fiber on run->control.
NODISCARD bool run_control_start(Run *run, Error *err);
/// Waits until it has ended.
void run_control_stop(Run *run);
/// Waits. Marks the requests that made up run->asked as handled and clears it.
NODISCARD bool run_control_answer(Run *run, const char *outcome, Error *err);

#endif
