/* Keys of the word backup, and of the check that WAL is archived. Internal to plan/. */
#ifndef HEADGATE_PLAN_WORD_BACKUP_H
#define HEADGATE_PLAN_WORD_BACKUP_H

#include "plan/plan.h"
#include "plan/word.h"

extern const PlanKey PLAN_BACKUP_KEYS[];
extern const PlanRule PLAN_BACKUP_RULES[];
extern const PlanKey PLAN_WAL_FIELDS[]; ///< wal_archiving = { … } of check and verify

/// What tables of keys cannot say.
NODISCARD bool plan_backup_check(const PlanNode *node, Error *err);

#endif
