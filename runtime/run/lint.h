/* What is said about a plan, without a database: what loads and runs, and rarely does what its
 * author thinks. The rules are those of sql/lint_rule.h and run/lint_rule.h. */
#ifndef HEADGATE_RUN_LINT_H
#define HEADGATE_RUN_LINT_H

#include "plan/plan.h"

/// Is there a table, view, … (or a type) of that quoted name? What cannot be asked counts as there.
typedef bool RunLintExists(const char *name, bool type, void *ctx);

/// An array of {"file", "line", "rule", "level", "path", "text", "advice"} in the order of the
/// plan; "allowed" with the reason where the plan allows it. The caller owns it.
/// Without exists (NULL) what is needed and not made by the plan counts as there.
json_t *run_lint(const Plan *plan, RunLintExists *exists, void *ctx);
/// How many of this level ("error") are not allowed.
size_t run_lint_count(const json_t *found, const char *level);

#endif
