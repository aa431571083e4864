/* The key throttle of a target in headgate.yaml. */
#ifndef HEADGATE_PLAN_THROTTLE_H
#define HEADGATE_PLAN_THROTTLE_H

#include "plan/config.h"
#include "plan/yaml.h"

/// What holds without a word in the file.
ConfigThrottle plan_throttle_default(void);
/// Puts what map says on top of *throttle; NULL says nothing. Fails with a position for a limit
/// that is no upper one.
NODISCARD bool plan_throttle_read(Config *config, const PlanYaml *map, ConfigThrottle *throttle,
                                  Error *err);

#endif
