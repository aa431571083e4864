/* Keys of the word that reads files. Internal to plan/. */
#ifndef HEADGATE_PLAN_WORD_IMPORT_H
#define HEADGATE_PLAN_WORD_IMPORT_H

#include "plan/word.h"

extern const PlanKey PLAN_IMPORT_KEYS[];
extern const PlanRule PLAN_IMPORT_RULES[];

/// What no table of keys can say: patterns stay inside the store, and a format can be told for
/// each. Fails with ERROR_INPUT and its position.
NODISCARD bool plan_import_check(const PlanNode *node, Error *err);

#endif
