/* What the parts of the lint share. Internal to sql/. */
#ifndef HEADGATE_SQL_LINT_WALK_H
#define HEADGATE_SQL_LINT_WALK_H

#include "base/json.h"
#include "sql/lint.h"

/* Found, unless a later statement of the text settles it. */
typedef struct SqlLintDeferred {
    SqlLint lint;
    SqlObject object;
    size_t at_bytes;
    const char *what;
    struct SqlLintDeferred *next;
} SqlLintDeferred;

typedef struct SqlLintWalk {
    const SqlLintText *text;
    SqlLintMemory *memory;
    SqlFindings *findings;
    Arena *arena;        /* of findings */
    size_t at_bytes;     /* of the statement */
    SqlObjects locked;   /* tables in use that ALTER TABLE has locked in this transaction */
    SqlObjects pending;  /* constraints that it has added NOT VALID */
    const char **values; /* that it has added to enums */
    size_t values_count;
    SqlLintDeferred *deferred;
} SqlLintWalk;

/// Adds a finding at the place of a node of the tree ("location"), or at the statement's when it
/// has none.
void sql_lint_add(SqlLintWalk *walk, SqlLint lint, const json_t *at, const char *what);
/// The same, unless sql_lint_settle() is called for the rule and the object before the text ends.
void sql_lint_defer(SqlLintWalk *walk, SqlLint lint, const SqlObject *object, const char *what);
void sql_lint_settle(SqlLintWalk *walk, SqlLint lint, const SqlObject *object);
/// The table of a RangeVar.
SqlObject sql_lint_table(const json_t *range);
/// "schema.name" of a RangeVar, as written.
const char *sql_lint_name(const SqlLintWalk *walk, const json_t *range);
/// Was it there before the plan, or has the application come to use it?
bool sql_lint_in_use(const SqlLintWalk *walk, const json_t *range);

/* One statement each: rows, locks, what is dropped or renamed, shapes of tables, rights. */
void sql_lint_data(SqlLintWalk *walk, const char *node, const json_t *body);
void sql_lint_lock(SqlLintWalk *walk, const char *node, const json_t *body);
void sql_lint_alter(SqlLintWalk *walk, const json_t *body);
void sql_lint_drop(SqlLintWalk *walk, const char *node, const json_t *body);
void sql_lint_shape(SqlLintWalk *walk, const char *node, const json_t *body);
void sql_lint_right(SqlLintWalk *walk, const char *node, const json_t *body);
/// Names of the statement that PostgreSQL cuts.
void sql_lint_long_names(SqlLintWalk *walk, const json_t *body);

#endif
