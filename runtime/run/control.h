/* The control fiber of a run: renews the lease, listens for requests, wakes the engine. */
#ifndef HEADGATE_RUN_CONTROL_H
#define HEADGATE_RUN_CONTROL_H

#include "run/run.h"

/// Waits. Starts the fiber on run->control.
NODISCARD bool run_control_start(Run *run, Error *err);
/// Waits until it has ended.
void run_control_stop(Run *run);
/// Waits. What the open requests, an array by number, ask for; those that were answered are passed
/// over.
NODISCARD bool run_control_read(Run *run, const json_t *requests, Error *err);
/// A pause that is older than what says that the run is to go on asks nothing any more. Called
/// where the engine has left its step, because that may have ended for the pause.
void run_control_newest(Run *run);
/// What the event of a request says. The caller's.
json_t *run_control_told(const json_t *request);
/// Waits. In the open transaction of run->ledger: marks the requests that made up run->asked as
/// handled, tells so, and clears it. What they asked for commits with it, or would be lost when we
/// die in between.
NODISCARD bool run_control_settle(Run *run, const char *outcome, Error *err);
/// Waits. The same in a transaction of its own, where nothing is to be done about them.
NODISCARD bool run_control_answer(Run *run, const char *outcome, Error *err);
/// Waits. A request of run->advances was looked at: marks it as handled and tells so.
NODISCARD bool run_control_advanced(Run *run, const json_t *request, const char *outcome,
                                    Error *err);

#endif
