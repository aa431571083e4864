/* What a script may send through db: the check before anything reaches the server. */
#ifndef HEADGATE_BIND_STATEMENT_H
#define HEADGATE_BIND_STATEMENT_H

#include "base/error.h"

typedef struct StatementRules {
    bool in_transaction; ///< refuse what PostgreSQL runs only outside of one
    bool several;        ///< more than one statement is fine
} StatementRules;

/// Refuses transaction control, SET ROLE and the like (ERROR_REFUSED), statements that need another
/// kind of task, and more than one statement. *ret_plain (set on success): one statement that is
/// fine under any rules.
NODISCARD bool bind_statement_check(const char *sql, StatementRules rules, bool *ret_plain,
                                    Error *err);

#endif
