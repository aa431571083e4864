/* The stores of headgate.yaml: folders whose files plans read. A plan names a store, never a path:
 * the files are no part of its bundle. */
#ifndef HEADGATE_PLAN_STORE_H
#define HEADGATE_PLAN_STORE_H

#include "plan/config.h"
#include "plan/yaml.h"

/// Those of the environment, then the common ones it does not override. Either may be NULL.
void plan_stores_read(Config *config, const PlanYaml *own, const PlanYaml *common,
                      ConfigEnvironment *environment);
/// As they are written, for digests and bundles: {name: path}. Owned by the caller.
json_t *plan_stores_shown(const ConfigEnvironment *environment);
/// Does the store that the node names exist? "plan.lua:3:5: …" with did-you-mean.
NODISCARD bool plan_stores_check(const ConfigEnvironment *environment, const PlanNode *node,
                                 Error *err);

#endif
