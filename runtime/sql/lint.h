/* Statements that run, and rarely do what their author thinks: reported by `headgate check` and
 * `headgate plan`. The rules stand in sql/lint_rule.h. */
#ifndef HEADGATE_SQL_LINT_H
#define HEADGATE_SQL_LINT_H

#include "sql/lint_rule.h"
#include "sql/object.h"

typedef struct SqlFinding {
    SqlLint lint;
    size_t at_bytes;  ///< offset into the text
    const char *what; ///< what was found there: "CREATE INDEX on \"events\""
} SqlFinding;

typedef struct SqlFindings {
    Arena *arena; ///< where results live
    SqlFinding *items;
    size_t count;
    size_t room;
} SqlFindings;

/// A CHECK (column IS NOT NULL) that the plan adds.
typedef struct SqlLintCheck {
    const char *table;
    const char *constraint; ///< NULL without a name
    const char *column;
    bool valid;
} SqlLintCheck;

/// What the texts of a plan have done so far; sql_lint adds to it.
typedef struct SqlLintMemory {
    SqlObjects made; ///< and still there
    SqlLintCheck *checks;
    size_t checks_count;
    size_t checks_room;
} SqlLintMemory;

typedef struct SqlLintText {
    const char *text;
    bool down;    ///< a rollback runs it: only rules with in_down
    bool outside; ///< each statement is a transaction of its own
    bool proven;  ///< its step has a proof
} SqlLintText;

/// Appends what one text shows, given what the ones before have done. Rules that need the whole
/// plan are not its business (run/lint.h). Text that does not parse adds nothing.
void sql_lint(const SqlLintText *text, SqlLintMemory *memory, SqlFindings *findings);
/// The application uses what the plan has made from here on, so that it is in use like what was
/// there before. table: "name" or "schema.name"; NULL: all of them.
void sql_lint_used(SqlLintMemory *memory, const char *table);

#endif
