/* Keys and rules of gate, rollout and stage. Internal to plan/. */
#ifndef HEADGATE_PLAN_WORD_ROLLOUT_H
#define HEADGATE_PLAN_WORD_ROLLOUT_H

#include "plan/word.h"

extern const PlanKey PLAN_GATE_KEYS[]; ///< also gate = { … } of a stage
extern const PlanRule PLAN_GATE_RULES[];
extern const PlanKey PLAN_ROLLOUT_KEYS[];
extern const PlanKey PLAN_STAGE_KEYS[];
extern const PlanRule PLAN_ROLLOUT_RULES[];
extern const PlanKey PLAN_FLAG_KEYS[];    ///< sql_flag { … }
extern const PlanKey PLAN_HAPROXY_KEYS[]; ///< haproxy { … }

#endif
