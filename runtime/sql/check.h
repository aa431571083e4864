/* The questions that plans and scripts ask about SQL text. Messages are for the plan's author. */
#ifndef HEADGATE_SQL_CHECK_H
#define HEADGATE_SQL_CHECK_H

#include "base/error.h"

/// What the step says with transaction = ...
typedef enum SqlTransaction {
    SQL_TRANSACTION_UNSAID,
    SQL_TRANSACTION_YES,
    SQL_TRANSACTION_NO,
} SqlTransaction;

typedef struct SqlFile {
    const char *text;
    const char *file; ///< for messages
    int first_line;   ///< of file, on which text begins
    SqlTransaction transaction;
} SqlFile;

/// Checks the SQL of a step at load. *ret_outside says that its statements must run outside a
/// transaction. Fails with ERROR_INPUT "file:line:column: ..." for refused statements and text
/// without any. With nothing said about the transaction, also for a mix of both kinds and for what
/// the version 15 grammar does not know; with YES, for statements that PostgreSQL runs only
/// outside; with NO, both kinds may stand together.
NODISCARD bool sql_check_file(const SqlFile *file, bool *ret_outside, Error *err);
/// SQL of a check, a verification or a guard: exactly one statement, which reads.
NODISCARD bool sql_check_read(const SqlFile *file, Error *err);

#endif
