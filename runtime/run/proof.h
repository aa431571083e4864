/* What a contract needs (P9): its proof holds in its own transaction, after its locks. */
#ifndef HEADGATE_RUN_PROOF_H
#define HEADGATE_RUN_PROOF_H

#include "run/run.h"

/// Waits. In the transaction of a step, before its statements: locks what they change and what the
/// proof reads, in one order, then asks the proof. detail.proof says what was locked and found.
/// ERROR_REFUSED when it does not hold.
NODISCARD bool run_proof(DbConn *conn, const PlanNode *node, json_t *detail, Error *err);

#endif
