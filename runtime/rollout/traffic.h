/* The lever of a rollout with traffic: shares of HAProxy's traffic, at least once. What we mean to
 * set is in the ledger before it is set, and reading it back says whether it happened. */
#ifndef HEADGATE_ROLLOUT_TRAFFIC_H
#define HEADGATE_ROLLOUT_TRAFFIC_H

#include "run/step.h"

/// Does this rollout set traffic, not a flag?
bool rollout_traffic_is(const PlanNode *rollout);
/// Waits. Sets the share of a stage (NULL: back to 0 %) and writes it into the rollout's ledger row
/// with event. ERROR_CONFLICT "someone set 30 %" when it is not as last seen.
NODISCARD bool rollout_traffic_set(Run *run, const PlanNode *rollout, const PlanNode *stage,
                                   StepEvent event, Error *err);
/// Waits. Is the share as we set it? ERROR_CONFLICT when somebody changed it, ERROR_INTERNAL when
/// HAProxy does not answer.
NODISCARD bool rollout_traffic_look(Run *run, const PlanNode *rollout, Error *err);
/// What going on from a conflict means: what is there now is the last seen.
void rollout_traffic_accept(Run *run, const PlanNode *rollout);

#endif
