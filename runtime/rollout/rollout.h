/* A rollout: the flag goes up stage by stage; each is watched for its window while every guard
 * holds. */
#ifndef HEADGATE_ROLLOUT_ROLLOUT_H
#define HEADGATE_ROLLOUT_ROLLOUT_H

#include "run/step.h"

RunNodeFn rollout_forward;
/// Back to 0 % and off.
RunNodeFn rollout_back;
/// Also of a stage. detail gets "guards" too, as rollout_guards_json() gives them.
RunAgainFn rollout_again;

/// How long a stage is watched: the environment's word, or the plan's. In microseconds.
int64_t rollout_window_us(const PlanNode *stage, const ConfigEnvironment *environment);

#endif
