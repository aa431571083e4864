/* A rollback that is blocked, and how people get it on: the failed undo is left out (skip) or other
 * SQL stands in for it (repair). Both are gates of their own, PATH/skip and PATH/repair, opened
 * when somebody asks; what was asked is what the approvals bind. */
#ifndef HEADGATE_ROLLOUT_MEND_H
#define HEADGATE_ROLLOUT_MEND_H

#include "run/run.h"

/// Waits. Opens the gate for a request {kind: skip|repair, body: {path, why, sql?}, asked_by}. A
/// request that makes no sense is told in the run's log and refused: *ret_outcome.
NODISCARD bool rollout_mend_ask(Run *run, const json_t *request, const char **ret_outcome,
                                Error *err);
/// Waits. What people decided about the undo of a node.
NODISCARD bool rollout_mend_look(Run *run, const PlanNode *node, RunMend *ret_mend, Error *err);
/// Waits. What was approved begins: its gate passes, and is revoked no more. *ret_begun false:
/// something was said since mend was looked at.
NODISCARD bool rollout_mend_begin(Run *run, const RunMend *mend, bool *ret_begun, Error *err);

#endif
