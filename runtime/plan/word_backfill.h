/* Keys and rules of backfill. Internal to plan/. */
#ifndef HEADGATE_PLAN_WORD_BACKFILL_H
#define HEADGATE_PLAN_WORD_BACKFILL_H

#include "plan/word.h"

extern const PlanKey PLAN_BACKFILL_KEYS[];
extern const PlanRule PLAN_BACKFILL_RULES[];
extern const PlanKey PLAN_AMBIGUOUS_KEYS[]; ///< ambiguous("…", { … })

#endif
