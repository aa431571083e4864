/* The variables of headgate.yaml: addresses and tokens that plans name and never hold. What comes
 * from the process's environment is a secret: never shown, never in the ledger. */
#ifndef HEADGATE_PLAN_VARIABLE_H
#define HEADGATE_PLAN_VARIABLE_H

#include "plan/config.h"
#include "plan/yaml.h"

/// Those of the environment, then the common ones it does not override. Either may be NULL.
void plan_variables_read(Arena *arena, const PlanYaml *own, const PlanYaml *common,
                         ConfigEnvironment *environment);
/// As they are written, for digests and bundles: {name: text}. Owned by the caller.
json_t *plan_variables_shown(const ConfigEnvironment *environment);
/// Does every ${name} in a text, or in the texts of a table or list, exist? It need not be set
/// here.
NODISCARD bool plan_variables_known(const ConfigEnvironment *environment, const json_t *value,
                                    Error *err);
/// Does every ${name} in the node's texts that may hold one exist? "plan.lua:3:5: …" with
/// did-you-mean.
NODISCARD bool plan_variables_check(const ConfigEnvironment *environment, const PlanNode *node,
                                    Error *err);

#endif
