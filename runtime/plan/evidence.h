/* Nodes that name others: the evidence of a gate becomes paths of nodes that stand before it, the
 * holds_until of a verify the path of one that comes after it. Internal to plan/. */
#ifndef HEADGATE_PLAN_EVIDENCE_H
#define HEADGATE_PLAN_EVIDENCE_H

#include "plan/plan.h"

/// Resolves the evidence of every gate and the holds_until of every verify and puts paths in their
/// place. Fails with the position of the key when a name is unknown, is that of several nodes, or
/// of one that stands on the wrong side.
NODISCARD bool plan_evidence_resolve(Plan *plan, Error *err);

#endif
