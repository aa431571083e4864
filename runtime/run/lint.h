/* What is said about a plan, without a database: what loads and runs, and rarely does what its
 * author thinks. The rules are those of sql/lint_rule.h and run/lint_rule.h. */
#ifndef HEADGATE_RUN_LINT_H
#define HEADGATE_RUN_LINT_H

#include "plan/plan.h"

/// An array of {"file", "line", "rule", "level", "path", "text", "advice"} in the order of the
/// plan; "allowed" with the reason where the plan allows it. The caller owns it.
json_t *run_lint(const Plan *plan);
/// How many of this level ("error") are not allowed.
size_t run_lint_count(const json_t *found, const char *level);

#endif
