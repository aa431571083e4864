/* SQL expressions that plans give as text: `where`, `set`. They are put into statements of ours, so
 * each must be one expression and nothing more. */
#ifndef HEADGATE_SQL_EXPRESSION_H
#define HEADGATE_SQL_EXPRESSION_H

#include "base/error.h"

/// Fails with ERROR_INPUT unless text is exactly one scalar expression, complete by itself, so that
/// "(" text ")" means the same anywhere: no second clause, list, alias, row, "*", comment that
/// swallows what follows, $1 or guarded setting. Sub-selects are fine.
NODISCARD bool sql_check_expression(const char *text, Error *err);

#endif
