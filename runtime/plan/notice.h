/* Webhooks of headgate.yaml: who is told what of the runs of an environment. */
#ifndef HEADGATE_PLAN_NOTICE_H
#define HEADGATE_PLAN_NOTICE_H

#include "plan/config.h"
#include "plan/setting.h"

extern const PlanSetting PLAN_NOTICE_FIELDS[];

/// Reads environments.<name>.notify. Fails with ERROR_INPUT and its position when a text names a
/// variable that the environment does not have; the variables must have been read.
NODISCARD bool plan_notices_read(Config *config, const PlanYaml *map,
                                 ConfigEnvironment *environment, Error *err);

#endif
