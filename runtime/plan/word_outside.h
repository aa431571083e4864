/* Keys and rules of the words that act outside the database. Internal to plan/. */
#ifndef HEADGATE_PLAN_WORD_OUTSIDE_H
#define HEADGATE_PLAN_WORD_OUTSIDE_H

#include "plan/word.h"

extern const PlanKey PLAN_EXEC_KEYS[];
extern const PlanKey PLAN_HTTP_KEYS[];
extern const PlanKey PLAN_NOTIFY_KEYS[];
extern const PlanKey PLAN_SOAK_KEYS[];
extern const PlanRule PLAN_OUTSIDE_RULES[]; ///< of exec and http

extern const PlanKey PLAN_LOOK_FIELDS[]; ///< http = { … } of check and verify
extern const PlanKey PLAN_DONE_FIELDS[]; ///< done = { … }

/// What no table of keys can say: one way each in done and undo, addresses, headers, variables'
/// names. Fails with ERROR_INPUT and its position.
NODISCARD bool plan_outside_check(const PlanNode *node, Error *err);

#endif
