/* The typed parameters of a plan: what params = { … } may declare, and the values a run is given.
 * The plan's parts do not depend on them: functions read them while they run (bind/param.c). */
#ifndef HEADGATE_PLAN_PARAM_H
#define HEADGATE_PLAN_PARAM_H

#include "plan/value.h"

/// Checks one declaration (fields are checked by type and have their defaults): its name, and that
/// type, choices, required and default fit together.
NODISCARD bool plan_param_check(const ValuePlace *place, const char *name, const json_t *fields,
                                Error *err);

/// The values of a run: given (name → value, or its text; NULL = none) checked and converted, and
/// defaults for the rest. An optional parameter without a value is left out. Fails with ERROR_INPUT
/// for an unknown name (did you mean …?), a value of another type, or one that is missing; the
/// message has the place of the declaration. *ret_values is the caller's.
NODISCARD bool plan_param_resolve(const Plan *plan, const json_t *given, json_t **ret_values,
                                  Error *err);
/// [{name, type, doc, required, default, choices}] in the order they are written; the caller's.
json_t *plan_param_list(const Plan *plan);
/// The same of any key of that type: the fields of a gate.
json_t *plan_param_items(const PlanNode *node, const char *key);
/// Answers to such a list (name → value, or its text; NULL = none), checked and converted as the
/// values of a run are. ERROR_INPUT says what is missing or wrong: it is for the person who
/// answered. *ret_values is the caller's.
NODISCARD bool plan_param_answers(const json_t *list, const json_t *given, json_t **ret_values,
                                  Error *err);
/// Does the plan declare it?
bool plan_param_known(const Plan *plan, const char *name);
/// A value for people: texts as they are, the rest as JSON. free() releases it.
char *plan_param_shown(const json_t *value);

#endif
