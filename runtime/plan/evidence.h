/* Evidence: the names a gate gives become paths of nodes that stand before it. Internal to plan/.
 */
#ifndef HEADGATE_PLAN_EVIDENCE_H
#define HEADGATE_PLAN_EVIDENCE_H

#include "plan/plan.h"

/// Resolves the evidence of every gate and puts the paths in its place. Fails with the gate's
/// position when a name is unknown, is that of several nodes, or of one that does not stand before
/// the gate.
NODISCARD bool plan_evidence_resolve(Plan *plan, Error *err);

#endif
