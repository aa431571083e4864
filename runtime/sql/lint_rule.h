/* The table of rules about SQL that runs, and rarely does what its author thinks. docs/lint.md is
 * written from it. */
#ifndef HEADGATE_SQL_LINT_RULE_H
#define HEADGATE_SQL_LINT_RULE_H

#include "base/base.h"

typedef enum SqlLintLevel {
    SQL_LINT_ERROR,   ///< it cannot be meant: `headgate check` fails
    SQL_LINT_WARNING, ///< it may be meant: with --strict `headgate check` fails
    SQL_LINT_NOTE,    ///< most projects do otherwise
    SQL_LINT_LEVELS,
} SqlLintLevel;

typedef enum SqlLint {
    /* what cannot be right */
    SQL_LINT_CHECK_NUMBER,
    SQL_LINT_DUPLICATE_COLUMN,
    SQL_LINT_INDEX_VOLATILE,
    SQL_LINT_ENUM_USED,
    /* what loses or hurts data */
    SQL_LINT_INSERT_STAR,
    SQL_LINT_INSERT_PLACES,
    SQL_LINT_OFFSET,
    SQL_LINT_WHOLE_TABLE,
    SQL_LINT_LOCK_THEN_DATA,
    SQL_LINT_CASCADE,
    SQL_LINT_COPY_DROP,
    SQL_LINT_DROP_UNPROVEN,
    SQL_LINT_TRUNCATE,
    /* what blocks the application */
    SQL_LINT_INDEX_BLOCKS,
    SQL_LINT_INDEX_DROP_BLOCKS,
    SQL_LINT_REINDEX_BLOCKS,
    SQL_LINT_UNIQUE_BLOCKS,
    SQL_LINT_EXCLUSION_BLOCKS,
    SQL_LINT_FOREIGN_KEY_SCAN,
    SQL_LINT_CHECK_SCAN,
    SQL_LINT_NOT_NULL_SCAN,
    SQL_LINT_VALIDATE_AT_ONCE,
    SQL_LINT_ADD_NOT_NULL,
    SQL_LINT_ADD_REWRITES,
    SQL_LINT_TYPE_REWRITES,
    SQL_LINT_TABLE_REWRITES,
    SQL_LINT_DETACH_BLOCKS,
    SQL_LINT_REFRESH_BLOCKS,
    /* what breaks the application */
    SQL_LINT_RENAME,
    SQL_LINT_DROP_NOT_NULL,
    /* ways back */
    SQL_LINT_IF_NOT_EXISTS,
    SQL_LINT_OR_REPLACE,
    SQL_LINT_DOWN_IF_EXISTS,
    SQL_LINT_DOWN_LEAVES,
    /* rights and secrets */
    SQL_LINT_PUBLIC_GRANT,
    SQL_LINT_SCHEMA_GRANT_ALL,
    SQL_LINT_DEFINER_PATH,
    SQL_LINT_SUPERUSER,
    SQL_LINT_PASSWORD,
    /* questions to the catalog */
    SQL_LINT_NAME_PATTERN,
    SQL_LINT_NAME_NUMBER,
    /* types and names */
    SQL_LINT_IDENTIFIER_LONG,
    SQL_LINT_NO_PRIMARY_KEY,
    SQL_LINT_SMALL_KEY,
    SQL_LINT_SERIAL,
    SQL_LINT_CHAR_TYPE,
    SQL_LINT_TIMESTAMP_TYPE,
    SQL_LINT_JSON_TYPE,
    SQL_LINTS,
} SqlLint;

typedef struct SqlLintRule {
    const char *name; ///< "insert_star": the word in messages, --json and allow = { … }
    SqlLintLevel level;
    const char *title;  ///< what it looks for
    const char *why;    ///< what is wrong with it, the end of a sentence
    const char *advice; ///< what to do instead
    bool in_down;       ///< it is also looked for in what a rollback runs
} SqlLintRule;

/// All of them have a row.
const SqlLintRule *sql_lint_rule(SqlLint lint);
/// "error", "warning", "note"
const char *sql_lint_level_name(SqlLintLevel level);

#endif
