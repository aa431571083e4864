/* The rules that need the plan, not only its SQL. docs/lint.md is written from this table and that
 * of sql/lint_rule.h. */
#ifndef HEADGATE_RUN_LINT_RULE_H
#define HEADGATE_RUN_LINT_RULE_H

#include "base/text.h"
#include "sql/lint_rule.h"

typedef enum RunLint {
    RUN_LINT_LATER_OBJECT,
    RUN_LINT_MISSING_OBJECT,
    RUN_LINT_CYCLE,
    RUN_LINT_REFERENCE_UNFILLED,
    RUN_LINT_FILL_COMPRESSION,
    RUN_LINT_RESTORE,
    RUN_LINT_NO_REVERSE,
    RUN_LINT_EXEC_VARIABLE,
    RUN_LINT_ALLOW_UNKNOWN,
    RUN_LINT_ALLOW_UNUSED,
    RUN_LINTS,
} RunLint;

const SqlLintRule *run_lint_rule(RunLint lint);
/// All rules of both tables; NULL past the end.
const SqlLintRule *run_lint_rule_at(size_t index);
/// Appends the page docs/lint.md; a test compares it with the committed one.
void run_lint_docs(Text *text);

#endif
