/* Shares of traffic as a plan names them: names that HAProxy takes, and weights for percentages.
 * Pure; acting is rollout/haproxy.h. */
#ifndef HEADGATE_PLAN_TRAFFIC_H
#define HEADGATE_PLAN_TRAFFIC_H

#include "base/json.h"

/// Weights of HAProxy's servers, 0 to 256.
typedef struct PlanWeights {
    int blue;
    int green;
} PlanWeights;

/// The value of haproxy { … }: names that HAProxy takes and its command line does not cut, two
/// servers, and a socket of this machine (unless a variable says where it is).
NODISCARD bool plan_traffic_check(const json_t *haproxy, Error *err);
/// The weights for a percentage of green, 0 to 100: of 100 for whole percents, otherwise of 256,
/// which is right to 0.2 points. Fails with ERROR_INPUT when none are near enough.
NODISCARD bool plan_traffic_weights(double percent, PlanWeights *ret_weights, Error *err);
/// The percentage of green that weights mean; negative when both are 0.
double plan_traffic_percent(PlanWeights weights);

#endif
