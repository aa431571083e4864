/* Keys and rules of check and verify. Internal to plan/. */
#ifndef HEADGATE_PLAN_WORD_CHECK_H
#define HEADGATE_PLAN_WORD_CHECK_H

#include "plan/word.h"

extern const PlanKey PLAN_CHECK_KEYS[];
extern const PlanRule PLAN_CHECK_RULES[];
extern const PlanKey PLAN_VERIFY_KEYS[];
extern const PlanRule PLAN_VERIFY_RULES[];

/// What no table of keys can say: names that must have two parts, tables that may not be empty.
/// Fails with ERROR_INPUT and its position.
NODISCARD bool plan_check_check(const PlanNode *node, Error *err);

#endif
