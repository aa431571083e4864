/* One statement outside transactions under watch: it has no timeouts of the server, so a second
 * connection tells every second how far it is and who it waits for, and ends it at its limit. */
#ifndef HEADGATE_RUN_WATCHDOG_H
#define HEADGATE_RUN_WATCHDOG_H

#include "run/run.h"

typedef struct RunWatchdog {
    Run *run;
    const PlanNode *node;
    DbConn *watch;        ///< opened again when it was lost; owned by the caller
    int64_t limit_us;     ///< how long a statement may take, waiting included
    const char *object;   ///< what it is about, for people; may be NULL
    const char *doing;    ///< "removing the INVALID index", …; NULL = the statement itself
    int number;           ///< of the statement, from 1
    int count;            ///< of statements
    bool uninterruptible; ///< requests do not end it (clean-up)
    bool pausing;         ///< it was said that a pause waits for its end
    json_t *seen;         ///< newest look; owned, run_watchdog_done() frees it
} RunWatchdog;

/// Waits. Runs sql on act. ERROR_REFUSED when it was ended at its limit (the blocker is named),
/// ERROR_CANCELLED when somebody asked for rollback or abort. On ERROR_UNREACHABLE and ERROR_FENCED
/// it may still run, and act still be in use: this process must end.
NODISCARD bool run_watchdog_exec(RunWatchdog *watchdog, DbConn *act, const char *sql,
                                 int *ret_position, Error *err);
/// Waits until backend pid, which a runner before us left, builds no more. Fails as
/// run_watchdog_exec(), without ending the backend.
NODISCARD bool run_watchdog_adopt(RunWatchdog *watchdog, int pid, Error *err);
void run_watchdog_done(RunWatchdog *watchdog);

#endif
