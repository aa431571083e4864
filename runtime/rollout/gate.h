/* Gates: opened with their evidence and digest, passed when enough signed approvals of that digest
 * are there. Deciding who may approve is access/decide.h; an approval is a row that only the
 * supervisor writes and signs. */
#ifndef HEADGATE_ROLLOUT_GATE_H
#define HEADGATE_ROLLOUT_GATE_H

#include "access/decide.h"
#include "run/step.h"

/// Forward through a gate node (of a phase, the plan or a stage).
RunNodeFn rollout_gate_forward;

/// What follows the gate, as gate.next: [{kind, path, text, sql?}], until the next gate.
json_t *rollout_gate_next(const Plan *plan, const ConfigEnvironment *environment,
                          const PlanNode *gate);
/// The digest that an approval binds: SHA-256 over plan, parameters, targets, configuration, gate
/// and each evidence item's definition and verdict (DESIGN P11). ret_hex has HASH_HEX_BYTES.
void rollout_gate_digest(const Run *run, const PlanNode *gate, const json_t *evidence, int attempt,
                         char *ret_hex);
/// Waits until it is durable that the gate was opened as its row says; telling the same opening
/// again does nothing. *told_us: which one, as the row's opened_us.
NODISCARD bool rollout_gate_tell(Run *run, const char *path, int64_t *told_us, Error *err);
/// Who has to approve, as the plan or the engine asks it: what the gate's row says is not believed.
typedef struct GateAsks {
    const json_t *approvers; ///< roles
    int need;
} GateAsks;

/// Waits. Counts the approvals of a gate's row (ledger_gate_read): only those with a valid
/// signature. missing is NULL.
NODISCARD bool rollout_gate_quorum(Run *run, const char *path, const json_t *row,
                                   const GateAsks *asks, AccessQuorum *ret, Error *err);

#endif
