/* What the parts of the lint share. Internal to run/. */
#ifndef HEADGATE_RUN_LINT_WALK_H
#define HEADGATE_RUN_LINT_WALK_H

#include "run/lint.h"
#include "run/lint_rule.h"
#include "sql/lint.h"

/* Rows of a table that an INSERT ... SELECT took. */
typedef struct RunLintCopy {
    SqlObject from;
    int line;
    size_t node; /* index of its step */
    bool locked; /* by LOCK TABLE before, in the same step */
} RunLintCopy;

typedef struct RunLintWalk {
    Arena *arena;
    const Plan *plan;
    json_t *found;
    json_t *used; /* "path/rule" of the allow = { ... } that have allowed something */
    SqlLintMemory memory;
    RunLintCopy *copies;
    size_t copies_count;
    SqlObjects locked; /* by LOCK TABLE of the step */
    const PlanNode *node;
    RunLintExists *exists;
    void *exists_ctx;
} RunLintWalk;

/// Says it at a byte of the SQL under key of walk->node; where key is no SQL, at the key.
void run_lint_say(RunLintWalk *walk, const char *key, const SqlLintRule *rule, size_t at_bytes,
                  const char *what);
/// The line of the file in which that byte stands.
int run_lint_line(const PlanNode *node, const char *key, size_t at_bytes);
/// "a, b, c and 4 more", with what kind each is when asked.
const char *run_lint_names(Arena *arena, const SqlObject *objects, size_t count, bool kinds);

/* Parts. A step's way back and its copies come before sql_lint has seen its up. */
void run_lint_down(RunLintWalk *walk);
void run_lint_copies(RunLintWalk *walk);
void run_lint_fill(RunLintWalk *walk);
void run_lint_look(RunLintWalk *walk, const char *key);
void run_lint_order(RunLintWalk *walk);
void run_lint_reverse(RunLintWalk *walk);
void run_lint_outside(RunLintWalk *walk);
void run_lint_allow(RunLintWalk *walk);

#endif
