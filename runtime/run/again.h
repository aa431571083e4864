/* A run looked at again: what its checks, verifies, backups and guards find now, and what that says
 * of the boxes of its document. Nothing is written. */
#ifndef HEADGATE_RUN_AGAIN_H
#define HEADGATE_RUN_AGAIN_H

#include "run/run.h"

/// What looking again says of a node or box, from the worst to the best.
typedef enum RunAgain {
    RUN_AGAIN_FAIL,
    RUN_AGAIN_OPEN, ///< the run has not come there, or took it back
    RUN_AGAIN_PASS,
    RUN_AGAIN_RECORDED, ///< done, and cannot be evaluated again: what the run recorded counts
    RUN_AGAIN_PAST, ///< a check, or a verify with holds_until: what came later may have changed it
    RUN_AGAIN_UNBOUND, ///< a box that nothing ticks
    RUN_AGAIN_COUNT,   ///< how many
} RunAgain;

/// "fail", "open", "pass", "recorded", "past", "unbound".
const char *run_again_name(RunAgain again);
/// Can what the run recorded of a check, verify or backup be asked again at a gate behind it, and
/// does it still have to hold there?
bool run_again_wanted(const Run *run, const PlanNode *node, const PlanNode *gate);
/// Waits. Asks it: detail gets "verdict" (pass, fail, error: it could not be asked) and "text".
/// False when the target cannot be reached.
NODISCARD bool run_again_ask(Run *run, const PlanNode *node, json_t *detail, Error *err);
/// Waits. run: of run_open_to_look(). only: part of a box's text, and only what ticks such boxes is
/// looked at; NULL = everything. Gives {run, plan, hash, environment, state, ok, counts, items:
/// [{path, kind, name, file, line, state, result, text, guards?}], boxes: null or {file, counts,
/// boxes: [{text, line, headings, class, result, ticks: [{path, kind, metric?, result, text}]}]}}.
/// ERROR_INPUT when no box has that text; other errors are those of the connection. The caller's.
NODISCARD bool run_again(Run *run, const char *only, json_t **ret_report, Error *err);

#endif
